//! A request of each call of the contract, as each door takes it, with whatever in it would do harm.

use http::Method;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value,
};
use sir0_contract::{Access, Call, FILE_DESCRIPTOR_SET};
use sir0_transcoding::{Binding, Part};

/// What a request is about.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) user: i32,
    pub(super) game: i32,
    /// A change of the game, which can be undone.
    pub(super) change: String,
    /// A picture of the game.
    pub(super) picture: String,
    pub(super) studio: String,
    pub(super) invitation: String,
    pub(super) api_token: String,
}

impl About {
    /// What is not there, so that whoever is let in does no harm to it.
    pub(super) fn nothing() -> Self {
        Self {
            user: i32::MAX,
            game: i32::MAX,
            change: "2000000000".to_owned(),
            picture: "picture_01kb2m3n4p5q6r7s8t9v0w1x2y".to_owned(),
            studio: "studio_01kb2m3n4p5q6r7s8t9v0w1x2y".to_owned(),
            invitation: "invitation_01kb2m3n4p5q6r7s8t9v0w1x2z".to_owned(),
            api_token: "apitoken_01kb2m3n4p5q6r7s8t9v0w1x2z".to_owned(),
        }
    }

    fn value(&self, name: &str) -> Option<Value> {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        match name {
            "user_id" => Some(Value::I32(self.user)),
            "game_id" => Some(Value::I32(self.game)),
            "price" => Some(Value::F64(0.01)),
            "life_days" => Some(Value::I32(1)),
            "change_id" => text(&self.change),
            "picture_id" => text(&self.picture),
            "purpose" => text("cover"),
            "studio_id" => text(&self.studio),
            "invitation_id" => text(&self.invitation),
            "token_id" => text(&self.api_token),
            "factor_id" => text("factor_01kb2m3n4p5q6r7s8t9v0w1x2y"),
            "role" => text("admin"),
            "username" | "name" | "title" | "genre" | "description" => text("Stolen"),
            "language" => text("de"),
            "scopes" => Some(Value::List(vec![Value::String("games:write".to_owned())])),
            _ => None,
        }
    }
}

/// A request of one call.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) call: &'static Call,
    message: DynamicMessage,
}

/// A request over REST.
#[derive(Clone)]
pub(super) struct Rest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<String>,
}

fn fits(value: &Value, kind: &Kind) -> bool {
    match value {
        Value::I32(_) => *kind == Kind::Int32,
        Value::F64(_) => *kind == Kind::Double,
        Value::String(_) | Value::List(_) => *kind == Kind::String,
        _ => false,
    }
}

impl Asked {
    pub(super) fn of(pool: &DescriptorPool, call: &'static Call, about: &About) -> Self {
        let mut message = DynamicMessage::new(message_of(pool, call));
        for field in message.descriptor().fields() {
            let value = about.value(field.name());
            let value = value.filter(|value| fits(value, &field.kind()));
            if let Some(value) = value.filter(|it| matches!(it, Value::List(_)) == field.is_list())
            {
                message.set_field(&field, value);
            }
        }
        // Without it a session would be kept, and the harm would be less.
        if call.access == Access::TokenHolder {
            message.set_field_by_name("token", Value::String("none".to_owned()));
        }
        Self { call, message }
    }

    /// The request with this text in a field.
    pub(super) fn with(mut self, field: &str, value: &str) -> Self {
        self.message.set_field_by_name(field, Value::String(value.to_owned()));
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.message.encode_to_vec()
    }

    /// Every way to make the call over REST.
    pub(super) fn over_rest(&self) -> Vec<Rest> {
        let rest = self.call.rest.iter();
        rest.flat_map(|rest| rest.bindings.iter().map(|binding| self.by(binding))).collect()
    }

    /// Whether a body of REST has this field. What a query may hold is the matter of other tests.
    pub(super) fn has_in_rest(&self, field: &str) -> bool {
        let mut rest = self.call.rest.iter().flat_map(|rest| rest.bindings);
        let in_path =
            |it: &Binding| it.variables.iter().any(|it| it.field.iter().any(|it| it.name == field));
        rest.any(|binding| matches!(binding.body, Part::Whole) && !in_path(binding))
    }

    fn by(&self, binding: &'static Binding) -> Rest {
        let mut json = serde_json::to_value(&self.message).expect("a message is JSON");
        let members = json.as_object_mut().expect("an object");
        let mut path = binding.template.to_owned();
        for variable in binding.variables {
            let [field] = variable.field else {
                panic!("a path holds fields of the request itself")
            };
            let value = members.remove(field.json).expect("every variable is known");
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path = path.replace(&format!("{{{}}}", field.name), &value);
        }
        let method = binding.verb.parse().expect("a method");
        let body = matches!(binding.body, Part::Whole).then(|| json.to_string());
        Rest { method, path, body }
    }
}

pub(super) fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("our own descriptors")
}

/// The message that a call takes.
pub(super) fn message_of(pool: &DescriptorPool, call: &Call) -> MessageDescriptor {
    let service = pool.get_service_by_name(call.service).expect("a service of the contract");
    let mut methods = service.methods();
    methods.find(|method| method.name() == call.name).expect("a call of the contract").input()
}
