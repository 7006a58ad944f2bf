//! The doorway, in the order of `administration_service.proto`.

use sir0_contract_accounts::{
    self as pb, administration_service_server::AdministrationService,
    calls::administration_service as calls,
};
use tonic::{Request, Response, Status};

use crate::{
    Accounts,
    convert::{accounts::user_id, administration as convert},
    domain::Measure,
};

#[tonic::async_trait]
impl AdministrationService for Accounts {
    async fn find_users(
        &self,
        request: Request<pb::FindUsersRequest>,
    ) -> Result<Response<pb::FindUsersResponse>, Status> {
        self.shared.doorman.admit(calls::FIND_USERS, request.metadata())?;
        let convert::Listing { search, most, behind } =
            convert::listing(request.get_ref(), &self.seal)?;

        let page = self.find(&search, behind, most.into()).await?;

        Ok(Response::new(convert::page(&page, &search, &self.seal)))
    }

    async fn show_user(
        &self,
        request: Request<pb::ShowUserRequest>,
    ) -> Result<Response<pb::ShowUserResponse>, Status> {
        self.shared.doorman.admit(calls::SHOW_USER, request.metadata())?;
        let id = user_id(request.get_ref().user_id)?;

        let shown = self.show(id).await?;

        Ok(Response::new(convert::shown(&shown)))
    }

    async fn disable_user(
        &self,
        request: Request<pb::DisableUserRequest>,
    ) -> Result<Response<pb::DisableUserResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::DISABLE_USER, request.metadata())?.caller()?;
        let pb::DisableUserRequest { user_id, confirmation_token } = request.get_ref();
        let asked = convert::administer(*user_id, Measure::Disable, confirmation_token.as_deref())?;

        let changed = self.administer(caller, asked, |changed| pb::DisableUserResponse {
            account: Some((&changed.account).into()),
        });

        Ok(Response::new(changed.await?))
    }

    async fn enable_user(
        &self,
        request: Request<pb::EnableUserRequest>,
    ) -> Result<Response<pb::EnableUserResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::ENABLE_USER, request.metadata())?.caller()?;
        let pb::EnableUserRequest { user_id, confirmation_token } = request.get_ref();
        let asked = convert::administer(*user_id, Measure::Enable, confirmation_token.as_deref())?;

        let changed = self.administer(caller, asked, |changed| pb::EnableUserResponse {
            account: Some((&changed.account).into()),
        });

        Ok(Response::new(changed.await?))
    }

    async fn sign_out_user(
        &self,
        request: Request<pb::SignOutUserRequest>,
    ) -> Result<Response<pb::SignOutUserResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::SIGN_OUT_USER, request.metadata())?.caller()?;
        let pb::SignOutUserRequest { user_id, confirmation_token } = request.get_ref();
        let asked = convert::administer(*user_id, Measure::SignOut, confirmation_token.as_deref())?;

        let changed = self.administer(caller, asked, |changed| pb::SignOutUserResponse {
            ended: i32::try_from(changed.ended.len()).unwrap_or(i32::MAX),
        });

        Ok(Response::new(changed.await?))
    }

    async fn require_new_password(
        &self,
        request: Request<pb::RequireNewPasswordRequest>,
    ) -> Result<Response<pb::RequireNewPasswordResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::REQUIRE_NEW_PASSWORD, request.metadata())?.caller()?;
        let pb::RequireNewPasswordRequest { user_id, confirmation_token } = request.get_ref();
        let asked = convert::administer(
            *user_id,
            Measure::RequireNewPassword,
            confirmation_token.as_deref(),
        )?;

        let changed = self.administer(caller, asked, |changed| pb::RequireNewPasswordResponse {
            account: Some((&changed.account).into()),
        });

        Ok(Response::new(changed.await?))
    }

    async fn create_reset(
        &self,
        request: Request<pb::CreateResetRequest>,
    ) -> Result<Response<pb::CreateResetResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::CREATE_RESET, request.metadata())?.caller()?;
        let pb::CreateResetRequest { user_id, confirmation_token, remove_factors } =
            request.get_ref();
        let asked = convert::administer(*user_id, Measure::Reset, confirmation_token.as_deref())?;

        let created = self.create_reset(caller, asked, *remove_factors, convert::created).await?;

        Ok(Response::new(created))
    }

    async fn use_reset(
        &self,
        request: Request<pb::UseResetRequest>,
    ) -> Result<Response<pb::UseResetResponse>, Status> {
        self.shared.doorman.admit(calls::USE_RESET, request.metadata())?;
        let (secret, password) = convert::use_reset(request.into_inner()).await?;

        let owner = self.owner_of_reset(&secret).await?;
        let password = convert::judged_for(&owner, password).await?;
        self.use_reset(secret, owner, password).await?;

        let message = "Password set, sign in with it".to_owned();
        Ok(Response::new(pb::UseResetResponse { message }))
    }

    async fn set_user_role(
        &self,
        request: Request<pb::SetUserRoleRequest>,
    ) -> Result<Response<pb::SetUserRoleResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::SET_USER_ROLE, request.metadata())?.caller()?;
        let asked = convert::set_role(request.get_ref())?;

        let changed = self.administer(caller, asked, |changed| pb::SetUserRoleResponse {
            account: Some((&changed.account).into()),
        });

        Ok(Response::new(changed.await?))
    }
}
