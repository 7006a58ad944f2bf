//! A message as a request of REST, or of gRPC where a call has no form of REST.

use prost::Message;
use serde_json::Value;
use sir0_contract::storefront::{ReadPictureRequest, media_service_client::MediaServiceClient};
use sir0_testkit::Person;
use sir0_transcoding::Part;
use tonic::Code;
use tonic_types::StatusExt;

use super::probes::Probe;

/// Asks the server, and answers with the status of HTTP and the fields that it names.
pub(super) async fn of(person: &Person, probe: &Probe) -> (u16, Vec<String>) {
    let Some(rest) = &probe.call.rest else { return over_grpc(person, probe).await };
    let binding = &rest.bindings[0];
    let mut fields = probe.message.as_object().expect("a message is an object").clone();
    let mut path = binding.template.to_owned();
    for variable in binding.variables {
        let [field] = variable.field else { panic!("{} has a field in a field", binding.template) };
        let value = fields.remove(field.json).unwrap_or(Value::from(0));
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        path = path.replace(&format!("{{{}}}", field.name), &value);
    }
    let method = binding.verb.parse().expect("a method");
    let mut request = person.rest().request(method, &path);
    request = match binding.body {
        Part::Whole => request.json(&fields),
        // A field is a file, of which no recipe says anything.
        Part::Nothing | Part::Field(_) => request.query(&parameters(&fields)),
    };
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    if status == 200 && probe.call.streaming {
        // It would not end.
        return (status, Vec::new());
    }
    let answer: Value = response.json().await.expect("JSON");
    let named = answer["fields"].as_array().cloned().unwrap_or_default();
    let mut named: Vec<_> =
        named.iter().map(|it| it["field"].as_str().expect("a name").to_owned()).collect();
    named.dedup();
    (status, named)
}

/// Makes the only call of the contract that has bounds and no form of REST.
async fn over_grpc(person: &Person, probe: &Probe) -> (u16, Vec<String>) {
    assert_eq!(probe.call.name, "ReadPicture", "say here how it is made");
    let request = ReadPictureRequest::decode(&*probe.wire()).expect("its own message");
    let answer = MediaServiceClient::new(person.bearer()).read_picture(request).await;
    let Err(refused) = answer else { return (200, Vec::new()) };
    let status = match refused.code() {
        Code::InvalidArgument => 400,
        Code::NotFound => 404,
        _ => panic!("the server answers {refused} to {probe}"),
    };
    let named = refused.get_details_bad_request().map(|bad| bad.field_violations);
    let named = named.into_iter().flatten().map(|violation| violation.field);
    (status, named.collect())
}

fn parameters(fields: &serde_json::Map<String, Value>) -> Vec<(&str, String)> {
    let mut parameters = Vec::new();
    for (name, value) in fields {
        let values = value.as_array().map_or_else(|| vec![value.clone()], Clone::clone);
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            parameters.push((name.as_str(), text));
        }
    }
    parameters
}
