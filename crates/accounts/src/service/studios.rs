//! The doorway, in the order of `studios_service.proto`.

use sir0_contract_accounts::{
    self as pb, calls::studios_service as calls, studios_service_server::StudiosService,
};
use tonic::{Request, Response, Status};

use crate::{
    Accounts,
    convert::studios as convert,
    domain::{Invite, Placement},
};

#[tonic::async_trait]
impl StudiosService for Accounts {
    async fn create_studio(
        &self,
        request: Request<pb::CreateStudioRequest>,
    ) -> Result<Response<pb::CreateStudioResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::CREATE_STUDIO, request.metadata())?.caller()?;
        let name = convert::name(&request.get_ref().name)?;

        let founded = self.found(caller, name, convert::founded).await?;

        Ok(Response::new(founded))
    }

    async fn list_studios(
        &self,
        request: Request<pb::ListStudiosRequest>,
    ) -> Result<Response<pb::ListStudiosResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::LIST_STUDIOS, request.metadata())?.caller()?;

        let studios = self.studios_of(caller.user).await?;

        let studios = studios.iter().map(pb::Studio::from).collect();
        Ok(Response::new(pb::ListStudiosResponse { studios }))
    }

    async fn get_studio(
        &self,
        request: Request<pb::GetStudioRequest>,
    ) -> Result<Response<pb::GetStudioResponse>, Status> {
        let caller = self.shared.doorman.admit(calls::GET_STUDIO, request.metadata())?.caller()?;
        let id = convert::studio_id(&request.get_ref().studio_id)?;

        let (seen, members) = self.studio(caller, id).await?;

        let members = members.iter().map(pb::Member::from).collect();
        Ok(Response::new(pb::GetStudioResponse { studio: Some((&seen).into()), members }))
    }

    async fn update_studio(
        &self,
        request: Request<pb::UpdateStudioRequest>,
    ) -> Result<Response<pb::UpdateStudioResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::UPDATE_STUDIO, request.metadata())?.caller()?;
        let (id, name) = convert::rename(request.get_ref())?;

        let renamed = self.rename(caller, id, name, |seen| pb::UpdateStudioResponse {
            studio: Some(seen.into()),
        });

        Ok(Response::new(renamed.await?))
    }

    async fn create_invitation(
        &self,
        request: Request<pb::CreateInvitationRequest>,
    ) -> Result<Response<pb::CreateInvitationResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::CREATE_INVITATION, request.metadata())?.caller()?;
        let invite: Invite = request.into_inner().try_into()?;

        let invited = self.invite(caller, invite, convert::invited).await?;

        Ok(Response::new(invited))
    }

    async fn list_invitations(
        &self,
        request: Request<pb::ListInvitationsRequest>,
    ) -> Result<Response<pb::ListInvitationsResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::LIST_INVITATIONS, request.metadata())?.caller()?;
        let id = convert::studio_id(&request.get_ref().studio_id)?;

        let invitations = self.invitations(caller, id).await?;

        let invitations = invitations.iter().map(pb::Invitation::from).collect();
        Ok(Response::new(pb::ListInvitationsResponse { invitations }))
    }

    async fn accept_invitation(
        &self,
        request: Request<pb::AcceptInvitationRequest>,
    ) -> Result<Response<pb::AcceptInvitationResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::ACCEPT_INVITATION, request.metadata())?.caller()?;
        let secret = convert::secret(&request.get_ref().secret)?;

        let accepted = self.accept(caller, secret, |seen| pb::AcceptInvitationResponse {
            studio: Some(seen.into()),
        });

        Ok(Response::new(accepted.await?))
    }

    async fn update_member(
        &self,
        request: Request<pb::UpdateMemberRequest>,
    ) -> Result<Response<pb::UpdateMemberResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::UPDATE_MEMBER, request.metadata())?.caller()?;
        let placement: Placement = request.into_inner().try_into()?;

        let role = placement.role.to_string();
        let placed = self.place(caller, placement, move || pb::UpdateMemberResponse {
            user_id: placement.user.get(),
            role: role.clone(),
        });

        Ok(Response::new(placed.await?))
    }

    async fn remove_member(
        &self,
        request: Request<pb::RemoveMemberRequest>,
    ) -> Result<Response<pb::RemoveMemberResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::REMOVE_MEMBER, request.metadata())?.caller()?;
        let (studio, user) = convert::dismissal(request.get_ref())?;

        let removed = self.dismiss(caller, studio, user, || pb::RemoveMemberResponse {}).await?;

        Ok(Response::new(removed))
    }

    async fn revoke_invitation(
        &self,
        request: Request<pb::RevokeInvitationRequest>,
    ) -> Result<Response<pb::RevokeInvitationResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::REVOKE_INVITATION, request.metadata())?.caller()?;
        let (studio, id) = convert::revocation(request.get_ref())?;

        let revoked =
            self.revoke(caller, studio, id, |was_open| pb::RevokeInvitationResponse { was_open });

        Ok(Response::new(revoked.await?))
    }
}
