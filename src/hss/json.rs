//! Reads from a JSON text what is wanted of it, whatever type its values have: what is not wanted, or has another type
//! than it should, is read over and not kept.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// What is made of a value.
pub(super) trait Wanted<'de>: Sized {
    type Value;

    /// Of one that has none of the types below, or one for which there is no function.
    fn other(self) -> Self::Value;

    fn null(self) -> Self::Value {
        self.other()
    }

    fn text(self, _: &str) -> Self::Value {
        self.other()
    }

    fn number(self, _: Option<u64>) -> Self::Value {
        self.other()
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.other())
    }

    fn object<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.other())
    }
}

/// A value of any type.
pub(super) struct Any<W>(pub(super) W);

impl<'de, W: Wanted<'de>> DeserializeSeed<'de> for Any<W> {
    type Value = W::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<W::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, W: Wanted<'de>> Visitor<'de> for Any<W> {
    type Value = W::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<W::Value, E> {
        Ok(self.0.null())
    }

    fn visit_bool<E>(self, _: bool) -> Result<W::Value, E> {
        Ok(self.0.other())
    }

    fn visit_u64<E>(self, number: u64) -> Result<W::Value, E> {
        Ok(self.0.number(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<W::Value, E> {
        Ok(self.0.number(u64::try_from(number).ok()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<W::Value, E> {
        Ok(self.0.number(whole(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<W::Value, E> {
        Ok(self.0.text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<W::Value, A::Error> {
        self.0.list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<W::Value, A::Error> {
        self.0.object(fields)
    }
}

/// A text with something in it, given to a function; anything else is nothing.
pub(super) struct Text<F>(pub(super) F);

impl<T, F: FnOnce(&str) -> T> Wanted<'_> for Text<F> {
    type Value = Option<T>;

    fn other(self) -> Option<T> {
        None
    }

    fn text(self, text: &str) -> Option<T> {
        (!text.is_empty()).then(|| self.0(text))
    }
}

/// A whole number that is not negative, also where it is written as `5.0` or as `"5"`; anything else is nothing.
pub(super) struct Number;

impl Wanted<'_> for Number {
    type Value = Option<u64>;

    fn other(self) -> Option<u64> {
        None
    }

    fn number(self, number: Option<u64>) -> Option<u64> {
        number
    }

    fn text(self, text: &str) -> Option<u64> {
        text.trim().parse().ok()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked: whole, not negative, and small enough to be exact"
)]
fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && (0.0..EXACT).contains(&number)).then_some(number as u64)
}

/// What the fields of an object are read into.
pub(super) trait Fields {
    /// Takes the value of the field `name`, or skips it. Of a field that comes twice, the last value counts.
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error>;
}

/// An object, read into something: whether it is one.
pub(super) struct Object<'a, T>(pub(super) &'a mut T);

impl<'de, T: Fields> Wanted<'de> for Object<'_, T> {
    type Value = bool;

    fn other(self) -> bool {
        false
    }

    fn object<A: MapAccess<'de>>(self, mut fields: A) -> Result<bool, A::Error> {
        while let Some(name) = fields.next_key_seed(Name)? {
            self.0.field(&name, &mut fields)?;
        }
        Ok(true)
    }
}

/// Reads over the value of a field.
pub(super) fn skip<'de, A: MapAccess<'de>>(value: &mut A) -> Result<(), A::Error> {
    value.next_value::<IgnoredAny>().map(drop)
}

/// A field's name. Only one that is written with escapes has to be copied.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
