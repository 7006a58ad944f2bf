//! The doorway, in the order of `accounts_service.proto`.

use sir0_contract::accounts::{self as pb, accounts_service_server::AccountsService};
use sir0_rpc::Caller;
use tonic::{Request, Response, Status};

use crate::{
    Accounts, AccountsError,
    convert::{self, Register, UpdateUser},
};

#[tonic::async_trait]
impl AccountsService for Accounts {
    async fn register(
        &self,
        request: Request<pb::RegisterRequest>,
    ) -> Result<Response<pb::RegisterResponse>, Status> {
        let register: Register = judge_password(move || request.into_inner().try_into()).await?;
        let username = register.username.as_str().to_owned();

        let user_id = self.add_user(register, sir0_kernel::Role::Player).await?;

        let message = "User registered successfully".to_owned();
        Ok(Response::new(pb::RegisterResponse { message, username, user_id: user_id.into() }))
    }

    async fn login(
        &self,
        request: Request<pb::LoginRequest>,
    ) -> Result<Response<pb::LoginResponse>, Status> {
        let signed_in = match request.into_inner().try_into() {
            Ok(login) => self.sign_in(login).await,
            Err(refused) => Err(refused),
        };
        count_login(&signed_in);
        let (user_id, token) = signed_in?;

        Ok(Response::new(pb::LoginResponse {
            message: "Login successful".to_owned(),
            token: token.token,
            user_id: user_id.into(),
            expire_time: Some(convert::wire_time(token.expires)),
        }))
    }

    async fn logout(
        &self,
        request: Request<pb::LogoutRequest>,
    ) -> Result<Response<pb::LogoutResponse>, Status> {
        let token = self.verifier().recognise(&request.get_ref().token);
        let claims = token.map_err(|_told_to_no_one| AccountsError::UnknownToken)?;

        self.end_session(claims).await?;

        Ok(Response::new(pb::LogoutResponse { message: "Logout successful".to_owned() }))
    }

    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let caller: Caller = self.shared().doorman.identify(request.metadata())?;
        let id = convert::user_id(request.get_ref().user_id)?;

        // The account must exist, and then be the caller's: the contract's 404 comes before its 403.
        let user = self.user(id).await?;
        caller.must_own(id)?;

        Ok(Response::new(pb::GetUserResponse { user: Some(user.into()) }))
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::UpdateUserResponse>, Status> {
        let caller: Caller = self.shared().doorman.identify(request.metadata())?;
        let UpdateUser { id, change, password } =
            judge_password(move || request.into_inner().try_into()).await?;

        let user = self.user(id).await?;
        caller.must_own(id)?;
        let mut changed = user.clone();
        changed.change(change.clone());
        let judged =
            move || password.map(|text| convert::new_password(&text, &changed)).transpose();
        let password = judge_password(judged).await?;

        self.change_user(id, change, password, caller).await?;

        Ok(Response::new(pb::UpdateUserResponse {
            message: "Profile updated successfully".to_owned(),
        }))
    }
}

/// Reads a request with a new password. Judging how easy the password is to guess takes milliseconds: too long for a
/// thread that other calls wait for.
async fn judge_password<T, E>(judge: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    tokio::task::spawn_blocking(judge).await.expect("judging a password does not panic")
}

fn count_login<T>(signed_in: &Result<T, AccountsError>) {
    let outcome = match signed_in {
        Ok(_) => "signed_in",
        Err(AccountsError::InvalidCredentials) => "refused",
        Err(AccountsError::TooBusy(_)) => "too_busy",
        Err(AccountsError::TooManyAttempts(_)) => "too_many_attempts",
        Err(_) => "failed",
    };
    metrics::counter!("sir0_logins_total", "outcome" => outcome).increment(1);
}
