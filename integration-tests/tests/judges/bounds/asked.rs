//! A message as a request of REST.

use serde_json::Value;
use sir0_testkit::Person;
use sir0_transcoding::Part;

use super::probes::Probe;

/// Asks the server, and answers with the status and the fields that it names.
pub(super) async fn over_rest(person: &Person, probe: &Probe) -> (u16, Vec<String>) {
    let rest = probe.call.rest.as_ref().expect("a call with a REST form");
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
        Part::Nothing => request.query(&parameters(&fields)),
        Part::Field(field) => panic!("{} is a body, which no recipe makes", field.name),
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
