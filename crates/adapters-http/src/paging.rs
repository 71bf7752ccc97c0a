//! Pages and windows of lists: how they are asked for and how they are written.

use domain::page::{Page, PageRequest};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::validation::{Fields, FromFields, checks};

/// `?page=1&size=50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The page's number, from 1.
    #[param(required = false, minimum = 1, maximum = 2_147_483_647, default = 1)]
    page: u32,
    /// How many items a page holds.
    #[param(required = false, minimum = 1, maximum = 100, default = 50)]
    size: u32,
}

impl Paging {
    const LAST: i64 = i32::MAX as i64;
}

impl FromFields for Paging {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let page = fields.or("page", 1, checks::integer(1..=Self::LAST));
        let size = fields.or("size", 50, checks::integer(1..=100));
        Some(Self { page: u32::try_from(page?).ok()?, size: u32::try_from(size?).ok()? })
    }
}

impl From<Paging> for PageRequest {
    fn from(paging: Paging) -> Self {
        Self { page: paging.page, size: paging.size }
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody<T> {
    /// The items on this page.
    pub items: Vec<T>,
    /// How many items there are.
    pub total: u64,
    /// The page's number, from 1.
    pub page: u32,
    /// How many items a page holds.
    pub size: u32,
    /// How many pages there are.
    pub pages: u64,
}

impl<T, U: From<T>> From<Page<T>> for PageBody<U> {
    fn from(page: Page<T>) -> Self {
        Self {
            total: page.total,
            page: page.request.page,
            size: page.request.size,
            pages: page.pages(),
            items: page.items.into_iter().map(U::from).collect(),
        }
    }
}
