//! Selling to accounts below: places in chains, caps, price lists and bundle products.

pub mod below_cost_words;
mod beside_file;
pub mod bundle_product_record;
pub mod bundle_products;
pub mod caps;
pub mod earnings;
pub mod price_list_record;
pub mod price_lists;
pub mod scopes;
pub mod sellers;
pub mod transfers;
