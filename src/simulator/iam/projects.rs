//! The account's projects, and the account itself.

use super::super::auth::Caller;
use super::super::content::Content;
use super::super::log::Api;
use super::super::query::parameter;
use super::super::refusal::Refusal;
use super::super::world::World;
use super::Iam;
use super::directory::Directory;
use serde_json::{Value, json};

/// A project as IAM knows it.
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) enabled: bool,
    parent: String,
}

impl Iam {
    /// `GET /v3/projects`: those that match, if the caller may ask.
    pub(in super::super) fn list_projects(
        &self,
        world: &World,
        caller: &Caller,
        query: &str,
    ) -> Result<Content, Refusal> {
        if self.directory.denies(&caller.credential.user, Api::ListProjects) {
            return Err(Refusal::forbidden());
        }
        let wanted = |name: &str, value: &str| parameter(query, name).is_none_or(|wanted| wanted == value);
        let found = all(&self.directory, world).into_iter().filter(|project| {
            wanted("name", &project.name)
                && wanted("domain_id", &self.directory.domain.id)
                && wanted("parent_id", &project.parent)
                && wanted("enabled", if project.enabled { "true" } else { "false" })
        });
        let number = |name: &str| parameter(query, name).map(|text| text.parse::<usize>().ok());
        let (page, per_page) = match (number("page"), number("per_page")) {
            (None, None) => return Ok(self.answer_projects(found)),
            (page, per_page) => (page.unwrap_or(Some(1)), per_page.unwrap_or(Some(5000))),
        };
        let (Some(page @ 1..), Some(per_page @ 1..=5000)) = (page, per_page) else {
            return Err(Refusal::iam(400, "Request parameter page or per_page is invalid."));
        };
        Ok(self.answer_projects(found.skip((page - 1).saturating_mul(per_page)).take(per_page)))
    }

    /// `GET /v3/auth/projects`: those that the caller may enter. Nobody needs a permission for it.
    pub(in super::super) fn list_own_projects(&self, world: &World, caller: &Caller) -> Content {
        let all = all(&self.directory, world).into_iter();
        self.answer_projects(all.filter(|project| caller.credential.projects.covers(&project.id)))
    }

    /// `GET /v3/auth/domains`
    pub(in super::super) fn list_domains(&self, caller: &Caller) -> Result<Content, Refusal> {
        if self.directory.denies(&caller.credential.user, Api::ListDomains) {
            return Err(Refusal::forbidden());
        }
        let domain = &self.directory.domain;
        let domain = json!({
            "id": domain.id, "name": domain.name, "enabled": true, "description": "", "links": links(),
        });
        Ok(Content::ok(json!({ "domains": [domain], "links": links() })))
    }

    fn answer_projects(&self, projects: impl Iterator<Item = Listed>) -> Content {
        let domain = &self.directory.domain.id;
        let item = |project: Listed| {
            json!({
                "id": project.id,
                "name": project.name,
                "domain_id": domain,
                "parent_id": project.parent,
                "enabled": project.enabled,
                "is_domain": false,
                "description": "",
                "links": links(),
            })
        };
        Content::ok(json!({ "links": links(), "projects": projects.map(item).collect::<Vec<_>>() }))
    }
}

/// All projects: those of the world, named as IAM names them, and those of elsewhere.
pub(super) fn all(directory: &Directory, world: &World) -> Vec<Listed> {
    let main = world.projects().first().map_or("", |project| project.id());
    let of_world = world.projects().iter().map(|project| {
        let (name, parent) = match project.id() == main {
            true => (directory.region.clone(), &directory.domain.id[..]),
            false => (format!("{}_{}", directory.region, project.name()), main),
        };
        (project.id(), name, parent)
    });
    let elsewhere = directory.projects.iter();
    let elsewhere = elsewhere.map(|project| (&project.id[..], project.name.clone(), &directory.domain.id[..]));
    let listed = |(id, name, parent): (&str, String, &str)| Listed {
        enabled: !directory.disabled(id),
        id: id.to_owned(),
        name,
        parent: parent.to_owned(),
    };
    of_world.chain(elsewhere).map(listed).collect()
}

/// Whether the project is one that the simulated HSS does not have.
pub(in super::super) fn is_of_another_region(directory: &Directory, id: &str) -> bool {
    directory.projects.iter().any(|project| project.id == id)
}

/// Nobody follows them.
fn links() -> Value {
    json!({ "self": null, "previous": null, "next": null })
}
