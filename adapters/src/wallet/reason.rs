//! Why something a wallet sent does not count: one stable code each, in the order of the checks that give them.
//!
//! `docs/wallet.md` is written from this list; a code never changes its meaning.

use std::fmt::Write as _;

/// What a reason does to the claim it was found for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The presentation is refused.
    Refuse,
    /// Nothing is proved either way: the claim waits, it is neither passed nor refused.
    Hold,
    /// It is recorded and changes nothing.
    Note,
}

impl Effect {
    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Hold => "hold",
            Self::Note => "note",
        }
    }
}

macro_rules! reasons {
    ($($name:ident $code:literal $checks:literal $effect:ident $english:literal $chinese:literal;)+) => {
        /// Why a check failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = $english] $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The checks of the ordered lists that give it.
            #[must_use]
            pub fn checks(self) -> &'static str {
                match self { $(Self::$name => $checks,)+ }
            }

            /// What it does.
            #[must_use]
            pub fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect,)+ }
            }

            /// One sentence in English.
            #[must_use]
            pub fn english(self) -> &'static str {
                match self { $(Self::$name => $english,)+ }
            }

            /// The same in Chinese (繁體中文).
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$name => $chinese,)+ }
            }
        }
    };
}

reasons! {
    ResponseMalformed "response_malformed" "R1" Refuse "The answer is too large, of another type, or has a field twice." "回應格式錯誤";
    SessionUnknown "session_unknown" "R2" Refuse "No request of this gateway has this state." "查無此次驗證";
    SessionExpired "session_expired" "R2" Refuse "The request was made too long ago." "驗證已逾時";
    SessionReplayed "session_replayed" "R2" Refuse "The request was answered before." "驗證已使用過";
    WalletError "wallet_error" "R3" Refuse "The wallet answered with an error." "皮夾回覆錯誤";
    ModuleRefused "module_refused" "R3" Refuse "The verifier module did not accept what the wallet presented." "驗證端模組未接受皮夾出示的資料";
    ResponseModeMismatch "response_mode_mismatch" "R4" Refuse "The answer is not encrypted as it was asked for, or is and was not asked to be." "回應模式不符";
    DecryptionFailed "decryption_failed" "R4" Refuse "The encrypted answer has another header than offered or does not decrypt." "回應無法解密";
    VpTokenMalformed "vp_token_malformed" "R5" Refuse "The presentations are not in the shape of the request." "憑證出示格式錯誤";
    SdJwtMalformed "sd_jwt_malformed" "S1" Refuse "The credential is too large or not a well-formed SD-JWT." "憑證格式錯誤";
    TypUnsupported "typ_unsupported" "S2" Refuse "The credential's header has another typ than the dialect's, or extensions nobody knows here." "憑證類型標頭不支援";
    AlgNotAllowed "alg_not_allowed" "S3, K2" Refuse "The signature algorithm is not ES256." "不接受的簽章演算法";
    IssuerKeyUnresolved "issuer_key_unresolved" "S4" Refuse "No key of the issuer was found." "找不到發行者公鑰";
    IssuerUntrusted "issuer_untrusted" "S4, S6" Refuse "The issuer is not registered here, not for this type, not in this trust domain, or its certificate does not lead to its anchor." "發行者不受信任";
    IssuerSignatureInvalid "issuer_signature_invalid" "S5" Refuse "The issuer's signature does not verify." "發行者簽章無效";
    IssuerNotEffective "issuer_not_effective" "S6" Refuse "The trust registry lists the issuer as not effective." "發行者未生效或已廢止";
    SdAlgUnsupported "sd_alg_unsupported" "S7" Refuse "The digest algorithm of the disclosures is not sha-256." "不支援的摘要演算法";
    DisclosureInvalid "disclosure_invalid" "S8" Refuse "A disclosure or a digest is malformed, stands in the wrong kind of place or has a reserved name." "揭露項目格式錯誤";
    ClaimCollision "claim_collision" "S8" Refuse "A disclosure has the name of a claim that is there already." "揭露項目名稱重複";
    DigestDuplicate "digest_duplicate" "S9" Refuse "A digest or a disclosure stands twice." "摘要值重複";
    DisclosureUnreferenced "disclosure_unreferenced" "S9" Refuse "A disclosure belongs to no digest of the credential." "揭露項目不屬於此憑證";
    RegisteredClaimDisclosable "registered_claim_disclosable" "S10" Refuse "A claim that must stand in the clear was disclosed selectively." "必要欄位不得選擇性揭露";
    CredentialMalformed "credential_malformed" "S11, S12" Refuse "A claim every credential of this dialect needs is absent or of the wrong kind." "憑證缺少必要欄位";
    CredentialNotYetValid "credential_not_yet_valid" "S11" Refuse "The credential is not valid yet." "憑證尚未生效";
    CredentialExpired "credential_expired" "S11" Refuse "The credential has expired." "憑證已過期";
    CredentialTypeMismatch "credential_type_mismatch" "S12" Refuse "The credential is of another type than asked for." "憑證種類不符";
    KeyBindingMissing "key_binding_missing" "K1" Refuse "Nothing proves that the presenter holds the credential." "缺少持有者證明";
    KeyBindingSignatureInvalid "key_binding_signature_invalid" "K2" Refuse "The holder's signature does not verify." "持有者簽章無效";
    HolderKeyMismatch "holder_key_mismatch" "K2, Q2" Refuse "Keys that must be one holder's are different, or the holder's key is no P-256 key." "持有者金鑰不一致";
    KeyBindingTyp "key_binding_typ" "K3" Refuse "The holder's proof has another typ." "持有者證明類型不符";
    KeyBindingStale "key_binding_stale" "K4" Refuse "The holder's proof is too old." "持有者證明已逾時";
    KeyBindingFuture "key_binding_future" "K4" Refuse "The holder's proof is from the future." "持有者證明時間異常";
    NonceMismatch "nonce_mismatch" "K5" Refuse "The holder's proof is for another request." "驗證隨機值不符";
    AudienceMismatch "audience_mismatch" "K6" Refuse "The holder's proof is for another verifier." "驗證對象不符";
    SdHashMismatch "sd_hash_mismatch" "K7" Refuse "The holder's proof is for other disclosures." "揭露內容與持有者證明不符";
    TransactionDataMismatch "transaction_data_mismatch" "K8" Refuse "The holder's proof does not name exactly the transactions of the request." "交易內容與同意不符";
    QueryNotSatisfied "query_not_satisfied" "Q1, T3" Refuse "What was asked for is not all there." "未提供要求的資料";
    SurplusClaims "surplus_claims" "Q1" Note "The wallet disclosed claims nobody asked for; they were dropped." "提供了未要求的資料，已捨棄";
    CredentialRevoked "credential_revoked" "T1, L7" Refuse "The issuer revoked the credential." "憑證已廢止";
    CredentialSuspended "credential_suspended" "T1, L7" Refuse "The issuer suspended the credential." "憑證已停用";
    StatusMalformed "status_malformed" "L1, L5" Refuse "The credential's status is malformed. A malformed list holds instead." "憑證狀態格式錯誤";
    StatusIndexOutOfRange "status_index_out_of_range" "L6" Refuse "The status list has no such entry." "憑證狀態索引超出範圍";
    StatusUnavailable "status_unavailable" "L2" Hold "The status list is not at hand." "無法取得憑證狀態";
    StatusUntrusted "status_untrusted" "L3" Hold "The status list is not signed by a key trusted for the issuer, or not at its host." "憑證狀態清單簽章不受信任";
    StatusMismatch "status_mismatch" "L4" Hold "The status list is another one than the credential names." "憑證狀態清單不符";
    StatusStale "status_stale" "L4" Hold "The status list has expired or is from the future." "憑證狀態清單已過期";
    StatusUnknown "status_unknown" "T1, L7" Hold "The status is of a kind that means neither valid nor revoked here." "憑證狀態不明";
    SchemaMismatch "schema_mismatch" "T2" Refuse "The type metadata is not the one the credential names, or the credential does not keep to it." "憑證與其類型定義不符";
    SubjectMismatch "subject_mismatch" "P1" Refuse "The credential's subject is another person than the claim's." "憑證持有人與案件不符";
    NotValidAtEvent "not_valid_at_event" "P1" Refuse "The credential was not valid when the event happened." "事故當時憑證無效";
    MandateIssuerUntrusted "mandate_issuer_untrusted" "M1" Refuse "The mandate's issuer is not trusted for mandates." "委託書發行者不受信任";
    MandateMalformed "mandate_malformed" "M2" Refuse "A member of the mandate is absent, unknown or of the wrong kind." "委託書格式錯誤";
    MandateLimitConcealed "mandate_limit_concealed" "M2" Refuse "A part of the mandate that must stand in the clear could be hidden." "委託書限制不得隱藏";
    MandateNotValid "mandate_not_valid" "M3" Refuse "The mandate's dates disagree or it is not in force." "委託書不在有效期間";
    MandateRevoked "mandate_revoked" "M4" Refuse "The mandate was revoked or suspended." "委託書已撤銷";
    MandateEndedByDeath "mandate_ended_by_death" "M4" Refuse "The mandator or the mandatary has died: the mandate ended with that." "委託人或受託人已死亡，委託終止";
    MandataryMismatch "mandatary_mismatch" "M5" Refuse "The presenter is not the mandatary (受託人)." "出示者不是受託人";
    MandatorMismatch "mandator_mismatch" "M6" Refuse "The mandator (委託人) is not the person of the case." "委託人與案件當事人不符";
    PowerMissing "power_missing" "M7" Refuse "The mandate does not name this power." "委託書未授予此權限";
    MandateScopeExceeded "mandate_scope_exceeded" "M8" Refuse "The action is outside the mandate's limits." "超出委託範圍";
    SubstitutionNotAllowed "substitution_not_allowed" "M9" Refuse "The mandate was passed on without leave, too often, or grew on the way." "不得轉委託";
    EvidenceMismatch "evidence_mismatch" "M10" Refuse "The signed document is not the one the mandate names." "委託文件不符";
    AssuranceInsufficient "assurance_insufficient" "M11" Refuse "The action needs a mandate signed with a digital signature (數位簽章)." "委託書保證等級不足";
    MandateToOneself "mandate_to_oneself" "M11" Note "Mandator and mandatary are one person." "委託人與受託人相同";
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for Reason {}

/// The table of all reasons in Markdown, as it stands in `docs/wallet.md`.
#[must_use]
pub fn table() -> String {
    let mut table = "| code | check | does | means | 說明 |\n|---|---|---|---|---|\n".to_owned();
    for reason in Reason::ALL {
        let (code, checks, effect) = (reason.code(), reason.checks(), reason.effect().as_str());
        // Writing to a text cannot fail.
        let _ = writeln!(table, "| `{code}` | {checks} | {effect} | {} | {} |", reason.english(), reason.chinese());
    }
    table
}
