//! Second factors, recovery codes and trusted devices, on the wire and as the rules know them.

use sir0_contract_accounts as pb;
use sir0_kernel::{DeviceId, FactorId, Timestamp, UserId};
use sir0_rpc::{FieldReader, InvalidFields, wire_time};

use crate::domain::{
    AddFactor, Beside, ChallengeToken, Code, ConfirmFactor, Confirmation, ContinueLogin,
    DeviceToken, Factor, FactorName, NewFactor, RecoveryCode, RemoveFactor, SignedIn, TotpCode,
    TrustedDevice, qr_code,
};

/// How many devices are named at a time.
const MOST_DEVICES: usize = 100;

/// Reads what a sign-in shows beside the password.
pub(super) fn beside(request: &pb::LoginRequest) -> Beside {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Beside {
        code: given(&request.code).map(|code| Code::shown(&code)),
        device: given(&request.device_token).map(|token| DeviceToken::shown(&token)),
        trusts: request.trust_device,
    }
}

impl From<pb::ContinueLoginRequest> for ContinueLogin {
    fn from(request: pb::ContinueLoginRequest) -> Self {
        Self {
            challenge: ChallengeToken::shown(&request.challenge_id),
            code: Code::shown(&request.code),
            trusts: request.trust_device,
        }
    }
}

/// The answer to a sign-in that went on with a code.
pub(crate) fn continued(signed_in: SignedIn) -> pb::ContinueLoginResponse {
    let pb::LoginResponse {
        message,
        token,
        user_id,
        expire_time,
        refresh_token,
        refresh_expire_time,
        device_token,
    } = super::sessions::signed_in(signed_in);
    pb::ContinueLoginResponse {
        message,
        token,
        user_id,
        expire_time,
        refresh_token,
        refresh_expire_time,
        device_token,
    }
}

impl From<Factor> for pb::Factor {
    fn from(factor: Factor) -> Self {
        Self {
            factor_id: factor.id.to_string(),
            kind: "totp".to_owned(),
            name: factor.name.as_str().to_owned(),
            is_confirmed: factor.is_confirmed,
            create_time: Some(wire_time(factor.created)),
        }
    }
}

/// The factors of an account.
pub(crate) fn factors((factors, codes): (Vec<Factor>, i64)) -> pb::ListFactorsResponse {
    pb::ListFactorsResponse {
        factors: factors.into_iter().map(pb::Factor::from).collect(),
        recovery_codes_left: i32::try_from(codes).unwrap_or(i32::MAX),
    }
}

impl TryFrom<pb::AddFactorRequest> for AddFactor {
    type Error = InvalidFields;

    fn try_from(request: pb::AddFactorRequest) -> Result<Self, InvalidFields> {
        let mut fields = FieldReader::default();
        let user = fields.read("user_id", UserId::parse(request.user_id));
        let name = fields.read("name", FactorName::parse(&request.name));
        let (Some(user), Some(name)) = (user, name) else { return Err(fields.into_faults()) };
        let confirmation = request.confirmation_token.as_deref().map(Confirmation::shown);
        Ok(Self { user, name, confirmation })
    }
}

/// A factor that was just added, with its secret.
pub(crate) fn added(new: &NewFactor, expires: Timestamp) -> pb::AddFactorResponse {
    pb::AddFactorResponse {
        factor_id: new.factor.id.to_string(),
        shared_secret: new.secret.to_base32().to_string(),
        uri: new.uri.to_string(),
        qr_code: qr_code(&new.uri).to_string(),
        expire_time: Some(wire_time(expires)),
    }
}

impl TryFrom<pb::ConfirmFactorRequest> for ConfirmFactor {
    type Error = InvalidFields;

    fn try_from(request: pb::ConfirmFactorRequest) -> Result<Self, InvalidFields> {
        let (user, factor) = named(request.user_id, &request.factor_id)?;
        Ok(Self { user, factor, code: TotpCode::parse(&request.code) })
    }
}

impl TryFrom<pb::RemoveFactorRequest> for RemoveFactor {
    type Error = InvalidFields;

    fn try_from(request: pb::RemoveFactorRequest) -> Result<Self, InvalidFields> {
        let (user, factor) = named(request.user_id, &request.factor_id)?;
        let confirmation = request.confirmation_token.as_deref().map(Confirmation::shown);
        Ok(Self { user, factor, confirmation })
    }
}

fn named(user: i32, factor: &str) -> Result<(UserId, FactorId), InvalidFields> {
    let mut fields = FieldReader::default();
    let user = fields.read("user_id", UserId::parse(user));
    let factor = fields.read("factor_id", FactorId::parse(factor));
    let (Some(user), Some(factor)) = (user, factor) else { return Err(fields.into_faults()) };
    Ok((user, factor))
}

/// Recovery codes as a person keeps them.
pub(crate) fn recovery_codes(codes: &[RecoveryCode]) -> Vec<String> {
    codes.iter().map(RecoveryCode::to_text).collect()
}

impl From<TrustedDevice> for pb::TrustedDevice {
    fn from(device: TrustedDevice) -> Self {
        Self {
            device_id: device.id.to_string(),
            name: device.name.map(|name| name.as_str().to_owned()).unwrap_or_default(),
            address: device.address.map(|address| address.to_string()).unwrap_or_default(),
            create_time: Some(wire_time(device.created)),
            seen_time: Some(wire_time(device.seen)),
            expire_time: Some(wire_time(device.expires)),
        }
    }
}

/// Reads which devices are to be trusted no more.
pub(crate) fn forget(
    request: &pb::ForgetDevicesRequest,
) -> Result<(UserId, Vec<DeviceId>), InvalidFields> {
    let mut fields = FieldReader::default();
    let user = fields.read("user_id", UserId::parse(request.user_id));
    let devices = request.device_ids.iter().map(|id| DeviceId::parse(id)).collect();
    let devices: Option<Vec<_>> = fields.read("device_ids", devices);
    let devices = devices.and_then(|devices| {
        let few = (devices.len() <= MOST_DEVICES).then_some(devices);
        fields.read("device_ids", few.ok_or("must be at most 100"))
    });
    let (Some(user), Some(devices)) = (user, devices) else { return Err(fields.into_faults()) };
    Ok((user, devices))
}

/// Says how many devices are trusted no more.
pub(crate) fn forgotten(count: usize) -> pb::ForgetDevicesResponse {
    let forgotten = i32::try_from(count).unwrap_or(i32::MAX);
    pb::ForgetDevicesResponse { message: "Devices forgotten".to_owned(), forgotten }
}
