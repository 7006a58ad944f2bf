//! The services of this program. No other place in it names a service.

use sir0_host::Service;

/// The services, in the order in which they are opened: a service that identifies callers stands before those that ask
/// it.
pub const SERVICES: &[&Service] = &[&sir0_accounts::SERVICE, &sir0_storefront::SERVICE];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_first_service_identifies_callers_and_no_other_does() {
        let identifying: Vec<_> = SERVICES.iter().map(|it| it.identifying.is_some()).collect();

        assert!(identifying[0]);
        assert!(!identifying[1..].contains(&true));
    }

    #[test]
    fn a_call_a_page_and_a_name_belong_to_one_service() {
        for call in sir0_contract::calls() {
            let owners = SERVICES.iter().filter(|service| service.answers(call)).count();
            let is_status = call.service.starts_with("sir0.status.");
            assert_eq!(owners, usize::from(!is_status), "{}", call.path);
        }
        let names: BTreeSet<_> = SERVICES.iter().map(|service| service.name).collect();
        assert_eq!(names.len(), SERVICES.len());
        let pages: Vec<_> =
            SERVICES.iter().flat_map(|it| it.pages).filter(|it| **it != "/ws").collect();
        assert_eq!(pages.iter().collect::<BTreeSet<_>>().len(), pages.len());
    }

    #[test]
    fn the_settings_of_a_service_stand_in_its_section() {
        for service in SERVICES {
            assert_eq!(service.peer.key, format!("peers.{}", service.name));
            for setting in service.settings() {
                assert!(setting.key.starts_with(&format!("{}.", service.name)), "{}", setting.key);
            }
        }
    }
}
