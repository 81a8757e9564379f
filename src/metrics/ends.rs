//! The ends of pages, finished: one is made again only when the instruments have something new to say.

use super::write::Spelling;
use bytes::Bytes;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What the scrape adds to a page.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) text: Bytes,
    /// What a gzip member ends with, after the rest of its page.
    pub(super) packed: Bytes,
}

/// How often something was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct News(Arc<AtomicU64>);

/// The instruments, as they stood at some moment.
#[derive(Clone, Debug)]
pub(super) struct Edition {
    of: News,
    number: u64,
}

impl News {
    /// Something has been counted: said afterwards, so that nobody takes what was before for what is now.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// Asked before what has been counted is read.
    pub(super) fn edition(&self) -> Edition {
        Edition { of: self.clone(), number: self.0.load(Ordering::Acquire) }
    }
}

impl PartialEq for Edition {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && Arc::ptr_eq(&self.of.0, &other.of.0)
    }
}

/// The last end of a page in each spelling.
#[derive(Debug, Default)]
pub(super) struct Ends {
    text: Mutex<Option<(Edition, End)>>,
    open: Mutex<Option<(Edition, End)>>,
}

impl Ends {
    /// The end of this edition: as it is kept, or made.
    pub(super) fn of(&self, edition: Edition, spelling: Spelling, make: impl FnOnce() -> End) -> End {
        let kept = match spelling {
            Spelling::Text => &self.text,
            Spelling::OpenMetrics => &self.open,
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((of, end)) if *of == edition => end.clone(),
            _ => {
                let end = make();
                *kept = Some((edition, end.clone()));
                end
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_made_again_only_when_there_is_news() {
        let (news, others, ends) = (News::default(), News::default(), Ends::default());
        let made = std::cell::Cell::new(0);
        let end = |news: &News, spelling| {
            ends.of(news.edition(), spelling, || {
                made.set(made.get() + 1);
                End { text: Bytes::new(), packed: Bytes::new() }
            });
            made.get()
        };
        assert_eq!([end(&news, Spelling::Text), end(&news, Spelling::Text)], [1, 1]);
        assert_eq!([end(&news, Spelling::OpenMetrics), end(&news, Spelling::Text)], [2, 2]);
        news.add();
        assert_eq!([end(&news, Spelling::Text), end(&news, Spelling::OpenMetrics)], [3, 4]);
        assert_eq!(end(&others, Spelling::Text), 5, "other instruments, which have counted as often");
    }
}
