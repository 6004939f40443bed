//! Lists of what is claimed: filtered, in the order asked for, a page at a time.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::moderation::{ApprovedQuery, ContentQuery, ContentSort};
use tollgate_api::page::{Page, Paging};

use super::claims::{Claims, Content, is_approved};
use crate::documents::Document;

impl<T: Content> Claims<T> {
    /// Those of the accounts that the caller reaches.
    pub(super) fn claims_listed(&self, caller: &Caller, query: &ContentQuery) -> Answer<Page<T::View>> {
        let paging = query.paging()?;
        let name = query.name.as_ref().map(|name| name.to_lowercase());
        let mut found = self.documents.all();
        found.retain(|document| {
            let claim = document.value.claim();
            query.account.as_ref().is_none_or(|account| claim.account == *account)
                && query.status.is_none_or(|status| claim.review.status == status)
                && query.category.is_none_or(|category| claim.category == category)
                && name.as_ref().is_none_or(|name| claim.name.to_lowercase().contains(name))
                && self.visibility.may_see(caller, &claim.account)
        });
        Ok(page(&paging, found, query.sort.unwrap_or_default()))
    }

    /// The approved ones of an account.
    pub(super) fn claims_approved(
        &self,
        caller: &Caller,
        account: &str,
        query: &ApprovedQuery,
    ) -> Answer<Page<T::View>> {
        let paging = query.paging()?;
        self.visibility.readable_account(caller, account)?;
        let mut found = self.documents.all();
        found.retain(|document| {
            let claim = document.value.claim();
            claim.account == account
                && is_approved(document)
                && query.category.is_none_or(|category| claim.category == category)
        });
        Ok(page(&paging, found, query.sort.unwrap_or_default()))
    }
}

fn page<T: Content>(paging: &Paging, found: Vec<Arc<Document<T>>>, sort: ContentSort) -> Page<T::View> {
    let key_of = |document: &Document<T>| match sort {
        ContentSort::Name | ContentSort::NameBackwards => {
            format!("{}\0{}", document.value.claim().name, document.key)
        }
        // As wide as any instant, so that the order of texts is that of time.
        ContentSort::Oldest | ContentSort::Newest => {
            format!("{:020}\0{}", document.created_at.0, document.key)
        }
    };
    let keyed = found.into_iter().map(|document| (key_of(&document), document)).collect();
    let is_backwards = matches!(sort, ContentSort::NameBackwards | ContentSort::Newest);
    paging.sorted(keyed, is_backwards).map(|document| T::view(&document))
}
