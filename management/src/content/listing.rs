//! Lists of what is claimed: filtered, in the order asked for, a page at a time.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::moderation::{ApprovedQuery, ContentQuery, ContentSort};
use tollgate_api::page::{Page, Paging};

use super::{Content, is_approved};
use crate::Office;
use crate::documents::Kept;

impl Office {
    /// Those of the accounts that the caller reaches.
    pub(crate) fn claims_listed<T: Content>(
        &self,
        caller: &Caller,
        query: &ContentQuery,
    ) -> Answer<Page<T::View>> {
        let paging = query.paging()?;
        let name = query.name.as_ref().map(|name| name.to_lowercase());
        let mut found = T::shelf(&self.claims).all();
        found.retain(|kept| {
            let claim = kept.value.claim();
            query.account.as_ref().is_none_or(|account| claim.account == *account)
                && query.status.is_none_or(|status| claim.verdict.status == status)
                && query.category.is_none_or(|category| claim.category == category)
                && name.as_ref().is_none_or(|name| claim.name.to_lowercase().contains(name))
                && self.reaches(caller, &claim.account)
        });
        Ok(page(&paging, found, query.sort.unwrap_or_default()))
    }

    /// The approved ones of an account.
    pub(crate) fn claims_approved<T: Content>(
        &self,
        caller: &Caller,
        account: &str,
        query: &ApprovedQuery,
    ) -> Answer<Page<T::View>> {
        let paging = query.paging()?;
        self.reached(caller, account)?;
        let mut found = T::shelf(&self.claims).all();
        found.retain(|kept| {
            let claim = kept.value.claim();
            claim.account == account
                && is_approved(kept)
                && query.category.is_none_or(|category| claim.category == category)
        });
        Ok(page(&paging, found, query.sort.unwrap_or_default()))
    }
}

fn page<T: Content>(paging: &Paging, found: Vec<Arc<Kept<T>>>, sort: ContentSort) -> Page<T::View> {
    let key_of = |kept: &Kept<T>| match sort {
        ContentSort::Name | ContentSort::NameBackwards => {
            format!("{}\0{}", kept.value.claim().name, kept.key)
        }
        // As wide as any instant, so that the order of texts is that of time.
        ContentSort::Oldest | ContentSort::Newest => format!("{:020}\0{}", kept.created_at.0, kept.key),
    };
    let keyed = found.into_iter().map(|kept| (key_of(&kept), kept)).collect();
    let is_backwards = matches!(sort, ContentSort::NameBackwards | ContentSort::Newest);
    paging.sorted(keyed, is_backwards).map(|kept| T::view(&kept))
}
