//! The doorway, in the order of `guard_service.proto`.

use sir0_contract_accounts::{
    self as pb, calls::guard_service as calls, guard_service_server::GuardService,
};
use tonic::{Request, Response, Status};

use crate::{
    Accounts,
    convert::{accounts::user_id, guard as convert},
    domain::{AddFactor, ConfirmFactor, Confirmation, RemoveFactor},
};

#[tonic::async_trait]
impl GuardService for Accounts {
    async fn list_factors(
        &self,
        request: Request<pb::ListFactorsRequest>,
    ) -> Result<Response<pb::ListFactorsResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::LIST_FACTORS, request.metadata())?.caller()?;
        let user = user_id(request.get_ref().user_id)?;
        self.user(user).await?;
        caller.must_own(user)?;

        Ok(Response::new(convert::factors(self.factors(user).await?)))
    }

    async fn add_factor(
        &self,
        request: Request<pb::AddFactorRequest>,
    ) -> Result<Response<pb::AddFactorResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::ADD_FACTOR, request.metadata())?.caller()?;
        let add: AddFactor = request.into_inner().try_into()?;
        self.user(add.user).await?;
        caller.must_own(add.user)?;

        let added = self.add_factor(caller, add, convert::added).await?;

        Ok(Response::new(added))
    }

    async fn confirm_factor(
        &self,
        request: Request<pb::ConfirmFactorRequest>,
    ) -> Result<Response<pb::ConfirmFactorResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::CONFIRM_FACTOR, request.metadata())?.caller()?;
        let confirm: ConfirmFactor = request.into_inner().try_into()?;
        self.user(confirm.user).await?;
        caller.must_own(confirm.user)?;

        let confirmed = self.confirm_factor(caller, confirm, |codes| pb::ConfirmFactorResponse {
            message: "Factor confirmed".to_owned(),
            recovery_codes: convert::recovery_codes(codes),
        });

        Ok(Response::new(confirmed.await?))
    }

    async fn remove_factor(
        &self,
        request: Request<pb::RemoveFactorRequest>,
    ) -> Result<Response<pb::RemoveFactorResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::REMOVE_FACTOR, request.metadata())?.caller()?;
        let remove: RemoveFactor = request.into_inner().try_into()?;
        self.user(remove.user).await?;
        caller.must_own(remove.user)?;

        let removed = self.remove_factor(caller, remove, || pb::RemoveFactorResponse {
            message: "Factor removed".to_owned(),
        });

        Ok(Response::new(removed.await?))
    }

    async fn renew_recovery_codes(
        &self,
        request: Request<pb::RenewRecoveryCodesRequest>,
    ) -> Result<Response<pb::RenewRecoveryCodesResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::RENEW_RECOVERY_CODES, request.metadata())?.caller()?;
        let user = user_id(request.get_ref().user_id)?;
        self.user(user).await?;
        caller.must_own(user)?;
        let confirmation = request.get_ref().confirmation_token.as_deref().map(Confirmation::shown);

        let renewed = self.renew_recovery_codes(caller, user, confirmation, |codes| {
            pb::RenewRecoveryCodesResponse { recovery_codes: convert::recovery_codes(codes) }
        });

        Ok(Response::new(renewed.await?))
    }

    async fn list_trusted_devices(
        &self,
        request: Request<pb::ListTrustedDevicesRequest>,
    ) -> Result<Response<pb::ListTrustedDevicesResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::LIST_TRUSTED_DEVICES, request.metadata())?.caller()?;
        let user = user_id(request.get_ref().user_id)?;
        self.user(user).await?;
        caller.must_own(user)?;

        let devices = self.devices(user).await?.into_iter().map(pb::TrustedDevice::from).collect();

        Ok(Response::new(pb::ListTrustedDevicesResponse { devices }))
    }

    async fn forget_devices(
        &self,
        request: Request<pb::ForgetDevicesRequest>,
    ) -> Result<Response<pb::ForgetDevicesResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::FORGET_DEVICES, request.metadata())?.caller()?;
        let (user, devices) = convert::forget(request.get_ref())?;
        self.user(user).await?;
        caller.must_own(user)?;

        let forgotten = self.forget_devices(caller, user, devices, convert::forgotten).await?;

        Ok(Response::new(forgotten))
    }
}
