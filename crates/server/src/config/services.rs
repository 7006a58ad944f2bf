//! The settings of the services, each read by its service.

use std::any::Any;

use sir0_host::{Configured, Erased};
use sir0_settings::Misfit;

use crate::{Parts, SERVICES};

/// The settings of the services, in the order of the list.
#[derive(Debug)]
pub struct ServiceConfigs(Vec<Box<dyn Configured>>);

impl ServiceConfigs {
    /// Takes the section of each service out of these values. An error has the whole path of a bad value.
    pub(super) fn taken_from(values: &mut toml::Table) -> Result<Self, Misfit> {
        let read = SERVICES.iter().map(|service| {
            let section = match values.remove(service.name) {
                Some(toml::Value::Table(section)) => section,
                _ => toml::Table::new(),
            };
            (service.read)(section)
                .map_err(|bad| Misfit { path: format!("{}.{}", service.name, bad.path), ..bad })
        });
        Ok(Self(read.collect::<Result<_, _>>()?))
    }

    /// Every service.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Configured> {
        self.0.iter().map(|service| &**service)
    }

    /// The services of these parts.
    pub fn of(&self, parts: Parts) -> impl Iterator<Item = &dyn Configured> {
        self.iter().filter(move |service| parts.have(service.service()))
    }

    /// The settings of this type.
    ///
    /// # Panics
    ///
    /// If no service of the list has settings of this type.
    #[must_use]
    pub fn get<C: Any>(&self) -> &C {
        let found = self.iter().find_map(|service| (service as &dyn Any).downcast_ref());
        found.expect("a service of the list has these settings")
    }

    /// The settings of this type, to be changed.
    ///
    /// # Panics
    ///
    /// If no service of the list has settings of this type.
    pub fn get_mut<C: Any>(&mut self) -> &mut C {
        let found =
            self.0.iter_mut().find_map(|service| (&mut **service as &mut dyn Any).downcast_mut());
        found.expect("a service of the list has these settings")
    }
}

impl Default for ServiceConfigs {
    fn default() -> Self {
        let read = Self::taken_from(&mut toml::Table::new());
        read.expect("the defaults of every service are good")
    }
}

impl Clone for ServiceConfigs {
    fn clone(&self) -> Self {
        Self(self.iter().map(Erased::boxed).collect())
    }
}
