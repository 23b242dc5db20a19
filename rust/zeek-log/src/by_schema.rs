//! What was bound to the columns of each schema, the one cache for all who read records.

use crate::schema::Schema;
use std::collections::HashMap;
use std::sync::Arc;

/// Schemas that are remembered. JSON logs make a new one for each new key.
const MOST: usize = 4096;

/// One `T` for each schema, made when the schema is met first. Memory is bounded: where too many
/// schemas are met, all are forgotten and bound again.
#[derive(Debug)]
pub struct BySchema<T> {
    /// By the schema's address, which its clone here keeps from being used again.
    bound: HashMap<usize, (Arc<Schema>, T)>,
}

impl<T> Default for BySchema<T> {
    fn default() -> BySchema<T> {
        BySchema {
            bound: HashMap::new(),
        }
    }
}

impl<T> BySchema<T> {
    /// What is bound to this schema; `bind` makes it where the schema is new.
    pub fn get(&mut self, schema: &Arc<Schema>, bind: impl FnOnce(&Arc<Schema>) -> T) -> &mut T {
        let key = Arc::as_ptr(schema) as usize;
        if self.bound.len() >= MOST && !self.bound.contains_key(&key) {
            self.bound.clear();
        }
        let entry = self.bound.entry(key);
        &mut entry.or_insert_with(|| (schema.clone(), bind(schema))).1
    }
}
