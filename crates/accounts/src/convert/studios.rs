//! Studios and what is asked of them, on the wire and as the rules know them.

use std::time::Duration;

use sir0_contract_accounts as pb;
use sir0_kernel::{InvitationId, StudioId, UserId};
use sir0_rpc::{FieldReader, InvalidFields, wire_time};

use crate::domain::{Invitation, Invite, LinkSecret, Member, Placement, Seen, Studio, StudioName};

impl From<&Seen> for pb::Studio {
    fn from(Seen { studio, role }: &Seen) -> Self {
        Self {
            studio_id: studio.id.to_string(),
            name: studio.name.as_str().to_owned(),
            role: role.map(|role| role.to_string()),
            create_time: Some(wire_time(studio.created)),
        }
    }
}

impl From<&Member> for pb::Member {
    fn from(member: &Member) -> Self {
        Self {
            user_id: member.user.get(),
            username: member.username.as_str().to_owned(),
            role: member.role.to_string(),
            join_time: Some(wire_time(member.joined)),
        }
    }
}

impl From<&Invitation> for pb::Invitation {
    fn from(invitation: &Invitation) -> Self {
        Self {
            invitation_id: invitation.id.to_string(),
            role: invitation.role.to_string(),
            invited_by: invitation.by.get(),
            expire_time: Some(wire_time(invitation.expires)),
        }
    }
}

/// Reads the one field that names a studio.
pub(crate) fn studio_id(text: &str) -> Result<StudioId, InvalidFields> {
    StudioId::parse(text).map_err(|fault| InvalidFields::one("studio_id", fault))
}

/// Reads what a studio is to be called.
pub(crate) fn name(text: &str) -> Result<StudioName, InvalidFields> {
    StudioName::parse(text).map_err(|fault| InvalidFields::one("name", fault))
}

/// Reads a request for another name.
pub(crate) fn rename(
    request: &pb::UpdateStudioRequest,
) -> Result<(StudioId, StudioName), InvalidFields> {
    let mut fields = FieldReader::default();
    let studio = fields.read("studio_id", StudioId::parse(&request.studio_id));
    let name = fields.read("name", StudioName::parse(&request.name));
    let (Some(studio), Some(name)) = (studio, name) else { return Err(fields.into_faults()) };
    Ok((studio, name))
}

impl TryFrom<pb::CreateInvitationRequest> for Invite {
    type Error = InvalidFields;

    fn try_from(request: pb::CreateInvitationRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let studio = fields.read("studio_id", StudioId::parse(&request.studio_id));
        let role = fields.read("role", request.role.parse());
        let life = fields.read("life_hours", life(request.life_hours));
        let (Some(studio), Some(role), Some(life)) = (studio, role, life) else {
            return Err(fields.into_faults());
        };
        Ok(Self { studio, role, life })
    }
}

fn life(hours: i32) -> Result<Duration, String> {
    let most = Invitation::MOST_HOURS;
    match u32::try_from(hours) {
        Ok(0) => Ok(Invitation::LIFE),
        Ok(hours) if hours <= most => Ok(Duration::from_hours(hours.into())),
        _ => Err(format!("must be between 0 and {most}")),
    }
}

/// Says which invitation was made, and its secret.
pub(crate) fn invited(
    invitation: &Invitation,
    secret: &LinkSecret,
) -> pb::CreateInvitationResponse {
    pb::CreateInvitationResponse {
        invitation_id: invitation.id.to_string(),
        secret: secret.as_str().to_owned(),
    }
}

/// Reads what someone shows as the secret of an invitation. It is no fault of a field that it opens nothing.
pub(crate) fn secret(text: &str) -> Result<LinkSecret, InvalidFields> {
    const LONGEST: usize = 64;
    match text.chars().count() {
        0 => Err(InvalidFields::one("secret", "is required")),
        chars if chars > LONGEST => Err(InvalidFields::one(
            "secret",
            format_args!("must have at most {LONGEST} characters"),
        )),
        _ => Ok(LinkSecret::shown(text)),
    }
}

impl TryFrom<pb::UpdateMemberRequest> for Placement {
    type Error = InvalidFields;

    fn try_from(request: pb::UpdateMemberRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let studio = fields.read("studio_id", StudioId::parse(&request.studio_id));
        let user = fields.read("user_id", UserId::parse(request.user_id));
        let role = fields.read("role", request.role.parse());
        let (Some(studio), Some(user), Some(role)) = (studio, user, role) else {
            return Err(fields.into_faults());
        };
        Ok(Self { studio, user, role })
    }
}

/// Reads which member is to be removed.
pub(crate) fn dismissal(
    request: &pb::RemoveMemberRequest,
) -> Result<(StudioId, UserId), InvalidFields> {
    let mut fields = FieldReader::default();
    let studio = fields.read("studio_id", StudioId::parse(&request.studio_id));
    let user = fields.read("user_id", UserId::parse(request.user_id));
    let (Some(studio), Some(user)) = (studio, user) else { return Err(fields.into_faults()) };
    Ok((studio, user))
}

/// Reads which invitation is to be revoked.
pub(crate) fn revocation(
    request: &pb::RevokeInvitationRequest,
) -> Result<(StudioId, InvitationId), InvalidFields> {
    let mut fields = FieldReader::default();
    let studio = fields.read("studio_id", StudioId::parse(&request.studio_id));
    let id = fields.read("invitation_id", InvitationId::parse(&request.invitation_id));
    let (Some(studio), Some(id)) = (studio, id) else { return Err(fields.into_faults()) };
    Ok((studio, id))
}

/// Says which studio was founded.
pub(crate) fn founded(studio: &Studio) -> pb::CreateStudioResponse {
    pb::CreateStudioResponse {
        studio_id: studio.id.to_string(),
        name: studio.name.as_str().to_owned(),
    }
}
