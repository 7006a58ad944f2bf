//! The doorway, in the order of `accounts_service.proto`.

use sir0_contract_accounts::{
    self as pb, accounts_service_server::AccountsService, calls::accounts_service as calls,
};
use sir0_kernel::Role;
use sir0_rpc::rates;
use tonic::{Request, Response, Status};

use crate::{
    Accounts,
    convert::{accounts as convert, guard, sessions},
    domain::UpdateUser,
};

#[tonic::async_trait]
impl AccountsService for Accounts {
    async fn register(
        &self,
        request: Request<pb::RegisterRequest>,
    ) -> Result<Response<pb::RegisterResponse>, Status> {
        self.shared.doorman.admit(calls::REGISTER, request.metadata())?;
        let register = convert::register(request.into_inner()).await?;
        let username = register.username.as_str().to_owned();

        let user_id = self.add_user(register, Role::Player).await?;

        let message = "User registered successfully".to_owned();
        Ok(Response::new(pb::RegisterResponse { message, username, user_id: user_id.into() }))
    }

    async fn get_setup(
        &self,
        request: Request<pb::GetSetupRequest>,
    ) -> Result<Response<pb::GetSetupResponse>, Status> {
        self.shared.doorman.admit(calls::GET_SETUP, request.metadata())?;
        let needs_administrator = self.needs_administrator().await?;
        Ok(Response::new(pb::GetSetupResponse { needs_administrator }))
    }

    async fn login(
        &self,
        request: Request<pb::LoginRequest>,
    ) -> Result<Response<pb::LoginResponse>, Status> {
        self.shared.doorman.admit(calls::LOGIN, request.metadata())?;
        let wanted = sessions::wanted(request.get_ref(), request.metadata())?;
        let login = request.into_inner().try_into();

        let (standing, signed_in) = self.sign_in(login, wanted).await;

        rates::telling(standing, signed_in.map(sessions::signed_in))
    }

    async fn continue_login(
        &self,
        request: Request<pb::ContinueLoginRequest>,
    ) -> Result<Response<pb::ContinueLoginResponse>, Status> {
        self.shared.doorman.admit(calls::CONTINUE_LOGIN, request.metadata())?;

        let (standing, signed_in) = self.continue_sign_in(request.into_inner().into()).await;

        rates::telling(standing, signed_in.map(guard::continued))
    }

    async fn logout(
        &self,
        request: Request<pb::LogoutRequest>,
    ) -> Result<Response<pb::LogoutResponse>, Status> {
        self.shared.doorman.admit(calls::LOGOUT, request.metadata())?;

        self.sign_out(&request.get_ref().token).await?;

        Ok(Response::new(pb::LogoutResponse { message: "Logout successful".to_owned() }))
    }

    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::GET_USER, request.metadata())?.caller()?;
        let id = convert::user_id(request.get_ref().user_id)?;

        // The account must exist, and then be the caller's: the contract's 404 comes before its 403.
        let user = self.user(id).await?;
        caller.must_own(id)?;

        let details = self.details(id).await?;

        let user = convert::user(&user, &details);
        Ok(Response::new(pb::GetUserResponse { user: Some(user) }))
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::UpdateUserResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::UPDATE_USER, request.metadata())?.caller()?;
        let UpdateUser { id, change, details, password, proof } =
            convert::update_user(request.into_inner(), self.shared.clock.now()).await?;

        let mut user = self.user(id).await?;
        caller.must_own(id)?;
        user.change(change.clone());
        let password = convert::password_of(user, password).await?;

        let update = UpdateUser { id, change, details, password, proof };
        let updated = self.change_user(caller, update, convert::updated).await?;

        Ok(Response::new(updated))
    }
}
