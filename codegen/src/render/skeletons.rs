use crate::model::Model;
use crate::output::Output;

pub(super) fn render(_model: &Model) -> Vec<Output> {
    Vec::new()
}
