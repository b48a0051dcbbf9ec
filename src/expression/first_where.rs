//! `first_where(.step.body.list, "field", value)`: the first element of a list whose field has that value. The list is
//! looked through where it is; `filter` would copy it as often as it is named.

use vrl::compiler::prelude::*;
use vrl::path::OwnedTargetPath;

use super::value::{ValuePath, same_id};

#[derive(Clone, Copy, Debug)]
pub(super) struct FirstWhere;

impl Function for FirstWhere {
    fn identifier(&self) -> &'static str {
        "first_where"
    }

    fn usage(&self) -> &'static str {
        "The first element of the list at a path whose field has this value; null if there is none, or no list."
    }

    fn category(&self) -> &'static str {
        Category::Enumerate.as_ref()
    }

    fn return_kind(&self) -> u16 {
        kind::ANY
    }

    fn parameters(&self) -> &'static [Parameter] {
        const PARAMETERS: &[Parameter] = &[
            Parameter::required("list", kind::ANY, "The path of the list."),
            Parameter::required("field", kind::BYTES, "The path of what is compared in an element."),
            Parameter::required("value", kind::ANY, "What it is compared with: an id, as a text or a number."),
        ];
        PARAMETERS
    }

    fn examples(&self) -> &'static [Example] {
        &[]
    }

    fn compile(&self, state: &TypeState, _: &mut FunctionCompileContext, arguments: ArgumentList) -> Compiled {
        let list = arguments.required_query("list")?;
        let field = arguments.required_literal("field", state)?;
        let path = field.to_str_lossy().and_then(|text| ValuePath::parse(&text));
        let (Some(list), Some(field)) = (list.external_path().cloned(), path) else {
            return Err(Box::new(ExpressionError::from("wants the list's path, and a field such as \"user.id\"")));
        };
        let value = arguments.required("value");
        Ok(Expr { list, field, value }.as_expr())
    }
}

#[derive(Clone, Debug)]
struct Expr {
    list: OwnedTargetPath,
    field: ValuePath,
    value: Box<dyn Expression>,
}

impl FunctionExpression for Expr {
    fn resolve(&self, context: &mut Context<'_>) -> Resolved {
        let value = self.value.resolve(context)?;
        let list = context.target().target_get(&self.list);
        let elements = list.ok().flatten().and_then(Value::as_array).unwrap_or_default();
        let is_the_one = |element: &&Value| self.field.get(element).is_some_and(|found| same_id(found, &value, false));
        Ok(elements.iter().find(is_the_one).cloned().unwrap_or(Value::Null))
    }

    fn type_def(&self, _: &TypeState) -> TypeDef {
        TypeDef::any().infallible()
    }
}
