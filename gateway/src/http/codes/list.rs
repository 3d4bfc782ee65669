//! The table of codes. A test reads the sources and finds every code used here, and every code here used.
//!
//! Codes never change their meaning; one that is no longer used goes.

use super::Code;
use super::Family::{Gateway, Recipient, Sender};
use super::Place::{At, Body, Call, Elsewhere, Every, Form, Json, Protected, Under};
use super::Retryable::{AfterCorrection, Later, No};

/// Every code but the findings in a bundle, in the order a request is looked at.
pub const CODES: &[Code] = with_repairs! {
    "route.unknown" 404, Sender, AfterCorrection, [Elsewhere],
        "Use an address of /openapi.json or /fhir/metadata.", "查無此位址，請改用 /openapi.json 或 /fhir/metadata 所列者。";
    "method.not-allowed" 405, Sender, AfterCorrection, [Every],
        "Use a method that the header `Allow` names.", "請改用標頭 Allow 所列的方法。";
    "format.unknown" 406, Sender, AfterCorrection, [Under("/fhir/")],
        "`_format` is json or xml.", "_format 僅接受 json 或 xml。";

    "invalid_request" 400, Sender, AfterCorrection, [At("/oauth/token")],
        "A form field is missing, wrong or twice; the description names it.", "表單欄位缺漏、有誤或重複，請依說明更正。";
    "unsupported_grant_type" 400, Sender, AfterCorrection, [At("/oauth/token")],
        "`grant_type` is client_credentials.", "grant_type 必須為 client_credentials。";
    "invalid_scope" 400, Sender, AfterCorrection, [At("/oauth/token")],
        "Ask for scopes of your own role, or for none.", "請只要求所屬角色的 scope，或不指定。";
    "invalid_client" 401, Sender, AfterCorrection, [At("/oauth/token")],
        "Make a new client assertion; most often `aud`, the clock, a `jti` used twice, or a key that is not registered.", "請重新產生 client assertion；常見原因為 aud、時鐘、jti 重複或金鑰未登錄。";
    "unauthorized_client" 400, Sender, No, [At("/oauth/token")],
        "There is no interface for your role yet.", "貴機構之角色目前尚無介面可用。";
    "invalid_dpop_proof" 400, Sender, AfterCorrection, [At("/oauth/token")],
        "Make a new proof (RFC 9449) for this request; the description says what is wrong.", "請為此請求重新產生 DPoP 證明，原因見說明。";
    "use_dpop_nonce" 400, Sender, AfterCorrection, [At("/oauth/token")],
        "Put the value of `DPoP-Nonce` into a new proof.", "請將 DPoP-Nonce 的值放入新的證明。";
    "token.missing" 401, Sender, AfterCorrection, [Protected],
        "Send an access token: `Authorization: Bearer …`.", "請附上存取權杖（Authorization: Bearer …）。";
    "token.expired" 401, Sender, AfterCorrection, [Protected],
        "Get a new token at /oauth/token.", "權杖已過期，請至 /oauth/token 重新取得。";
    "token.invalid" 401, Sender, AfterCorrection, [Protected],
        "Get a new token. Again at once: you may be suspended, ask the operator.", "請重新取得權杖；若仍失敗，可能已停用，請洽維運單位。";
    "token.bound" 401, Sender, AfterCorrection, [Protected],
        "This token is bound to a key: send it as `Authorization: DPoP …` with a proof.", "此權杖已綁定金鑰，請以 Authorization: DPoP 並附證明送出。";
    "token.unbound" 401, Sender, AfterCorrection, [Protected],
        "Get a token bound to your key (DPoP) and send it with a proof.", "請取得綁定金鑰（DPoP）的權杖，並附證明送出。";
    "token.certificate" 401, Sender, AfterCorrection, [Protected],
        "This token is bound to a client certificate: send it on a connection that shows that certificate.", "此權杖已綁定用戶端憑證，請以出示該憑證的連線送出。";
    "dpop.invalid" 401, Sender, AfterCorrection, [Protected],
        "Make a new proof for each request; the text says what is wrong with this one.", "每次請求請重新產生 DPoP 證明，錯誤原因見訊息。";
    "dpop.other-key" 401, Sender, AfterCorrection, [Protected],
        "Sign the proof with the key the token is bound to.", "請以權杖所綁定的金鑰簽署證明。";
    "dpop.nonce" 401, Sender, AfterCorrection, [Protected],
        "Put the value of `DPoP-Nonce` into a new proof.", "請將 DPoP-Nonce 的值放入新的證明。";
    "limit.requests" 429, Sender, Later, [Protected, At("/oauth/token"), At("/wallet/v1/requests/{id}"), At("/wallet/v1/responses/{id}"), At("/mydata/v1/notifications"), At("/mydata/v1/return")],
        "Wait as long as `Retry-After` says.", "請求過於頻繁，請依 Retry-After 等候後重送。";
    "limit.concurrent" 429, Sender, Later, [Protected],
        "You have too many requests in hand; let some finish.", "同時處理中的請求過多，請待完成後重送。";
    "limit.streams" 429, Sender, Later, [At("/hospital/v1/events"), At("/insurer/v1/events"), At("/claims/v1/claims/{id}/events"), At("/shops/v1/events")],
        "End one of your streams of events, then come again.", "同時開啟之事件串流過多，請先結束其一。";
    "limit.bytes" 429, Sender, Later, [Body],
        "Wait as long as `Retry-After` says before the next body.", "傳輸量過大，請依 Retry-After 等候後重送。";
    "role.forbidden" 403, Sender, No, [Protected],
        "This address is for another role than yours.", "此位址不屬於貴機構的角色。";
    "scope.missing" 403, Sender, AfterCorrection, [Protected],
        "Ask for the scope the text names when you get a token.", "請在取得權杖時要求訊息所列的 scope。";

    "body.media-type" 415, Sender, AfterCorrection, [Body],
        "Send the `Content-Type` the text names.", "請使用訊息所列的 Content-Type。";
    "body.encoded" 415, Sender, AfterCorrection, [Body],
        "Send the body without `Content-Encoding`.", "請勿使用 Content-Encoding。";
    "body.too-large" 413, Sender, AfterCorrection, [Body],
        "Send less at once; the text says how much is taken.", "內容過大，請依訊息所列上限分次送出。";
    "body.too-slow" 408, Sender, Later, [Body],
        "The body came too slowly; nothing was kept. Look at your line.", "傳送過慢，未留存任何資料；請檢查連線後重送。";
    "body.broken" 400, Sender, Later, [Body],
        "The body ended early; nothing was kept.", "內容中斷，未留存任何資料，請重送。";
    "body.not-text" 400, Sender, AfterCorrection, [Form],
        "Send the form in UTF-8.", "表單必須為 UTF-8。";
    "body.not-json" 400, Sender, AfterCorrection, [Json],
        "Send JSON, not nested deep.", "請送 JSON，且巢狀不可過深。";
    "body.duplicate-member" 400, Sender, AfterCorrection, [Json],
        "Send each member once.", "同一物件的成員不可重複。";
    "body.form" 422, Sender, AfterCorrection, [Json],
        "A member is unknown, missing or of the wrong type; the text says what is expected.", "成員不明、缺漏或型別有誤，請依訊息更正。";
    "body.value" 422, Sender, AfterCorrection, [Json],
        "A value is out of its bounds; `pointer` says which.", "值超出範圍，位置見 pointer。";

    "not-found" 404, Sender, AfterCorrection, [Under("/fhir/Bundle/{id}"), Under("/insurer/v1/deliveries/{id}"), At("/hospital/v1/claims/{id}/deliveries"), At("/hospital/v1/claims/{id}/timeline"), At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}"), Under("/hospital/v1/applications/{id}"), At("/hospital/v1/application-pages/{id}"), At("/hospital/v1/submissions/{id}/trace"), Under("/insurer/v1/submissions/{id}"), Under("/insurer/v1/requests/{id}"), Under("/hospital/v1/requests/{id}"), Under("/insurer/v1/record-requests/{id}"), Under("/fhir/Task/{id}"), Under("/claims/v1/claims/{id}/requests"), At("/claims/v1/claims/{id}/page"), At("/claims/v1/claims/{id}/timeline"), Under("/claims/v1/accidents/{id}"), Under("/claims/v1/cases/{id}"), At("/insurer/v1/accidents/{id}"), Under("/shops/v1/jobs/{id}"), Under("/insurer/v1/repairs/{id}"), At("/police/v1/notices"), Under("/operator/v1/parties/{id}"), Under("/operator/v1/proposals/{id}"), Under("/operator/v1/deliveries/{id}"), Under("/operator/v1/alerts/{id}"), Under("/log/"), At("/metrics"), At("/wallet/v1/sessions"), At("/wallet/v1/sessions/{id}"), At("/wallet/v1/requests/{id}"), Under("/identity/v1/"), Under("/mydata/v1/transactions"), At("/mydata/v1/notifications"), Under("/hospital/v1/offsets"), Under("/insurer/v1/offsets/{id}"), Under("/operator/v1/trust/proposals/{id}"), At("/operator/v1/trust/issuers/revoke"), At("/mandates/v1/check"), Under("/mandates/v1/records")],
        "There is no such thing of yours; compare the id with the one you were given.", "查無此項，或不屬於貴機構；請核對識別碼。";
    "endpoint.none" 404, Sender, AfterCorrection, [Under("/insurer/v1/endpoint"), Under("/claims/v1/endpoint"), Under("/operator/v1/parties/{id}/endpoint"), At("/insurer/v1/deliveries/{id}/redrive")],
        "Have the operator name an endpoint, or pull.", "尚未登錄通知端點，請洽維運單位，或改以拉取方式取得。";
    "endpoint.changed" 409, Sender, Later, [Under("/insurer/v1/endpoint"), Under("/claims/v1/endpoint"), Under("/operator/v1/parties/{id}/endpoint"), At("/operator/v1/proposals/{id}/approve"), At("/insurer/v1/deliveries/{id}/redrive")],
        "The endpoint was changed at this moment: send it again.", "端點設定同時被異動，請重送。";
    "redrive.which" 422, Sender, AfterCorrection, [At("/insurer/v1/endpoint/redrive"), At("/claims/v1/endpoint/redrive"), At("/operator/v1/parties/{id}/endpoint/redrive")],
        "Say exactly one of `open`, `after`, `from`.", "open、after、from 請擇一指定。";
    "wallet.off" 503, Gateway, No, [At("/wallet/v1/sessions")],
        "The operator sets an https address and a certificate for requests to wallets.", "平台尚未設定皮夾驗證所需的 https 位址與憑證，請洽維運單位。";
    "wallet.module-away" 503, Gateway, Later, [At("/wallet/v1/sessions")],
        "The verifier module does not answer as it should; send it again later.", "驗證端模組暫時無法使用，請稍後重送。";
    "wallet.assurance" 422, Sender, AfterCorrection, [At("/wallet/v1/sessions")],
        "Name a query of a higher level of assurance, or ask for less.", "此查詢的身分保證等級不足，請改用較高等級的查詢。";
    "wallet.query-unknown" 422, Sender, AfterCorrection, [At("/wallet/v1/sessions")],
        "Name one of the queries the text lists.", "請使用訊息所列的查詢名稱。";
    "wallet.purpose" 422, Sender, AfterCorrection, [At("/wallet/v1/sessions")],
        "Name a purpose of this query.", "此查詢不適用於該用途。";
    "wallet.action" 422, Sender, AfterCorrection, [At("/wallet/v1/sessions")],
        "Send `action` with a query for a mandate, and with no other.", "action 僅用於委託查詢，且委託查詢必須附上。";
    "wallet.consent" 422, Sender, AfterCorrection, [At("/wallet/v1/sessions")],
        "The wallets this query is for sign no consent: leave `consent` out, or name another query.", "此查詢的皮夾無法簽署同意事項，請移除 consent 或改用其他查詢。";
    "wallet.return-to" 422, Sender, AfterCorrection, [At("/wallet/v1/sessions")],
        "`return_to` is an https address of yours, without a fragment.", "return_to 須為 https 位址，且不含片段（#）。";
    "wallet.nonce" 400, Sender, AfterCorrection, [At("/wallet/v1/requests/{id}")],
        "`wallet_nonce` is at most 512 characters of base64url.", "wallet_nonce 最多 512 個 base64url 字元。";
    "wallet.session-over" 410, Sender, No, [At("/wallet/v1/requests/{id}")],
        "It was answered or its time is over; begin a new session.", "此次驗證已完成或逾時，請重新發起。";
    "wallet.answer-refused" 400, Sender, No, [At("/wallet/v1/responses/{id}")],
        "The app that asked reads why; begin a new session.", "憑證驗證未通過，原因由發起驗證的應用程式查詢；請重新發起。";
    "wallet.answered-before" 409, Sender, No, [At("/wallet/v1/responses/{id}")],
        "Each request takes one answer; begin a new session.", "每次驗證僅接受一次回覆，請重新發起。";
    "mydata.off" 501, Gateway, No, [Under("/mydata/v1/"), Under("/claims/v1/accidents/{id}/mydata")],
        "The operator sets up the section `mydata`.", "平台尚未設定 MyData 服務，請洽維運單位。";
    "mydata.person" 422, Sender, AfterCorrection, [At("/mydata/v1/transactions"), At("/claims/v1/accidents/{id}/mydata")],
        "`person` is a national ID or resident number with its check digit.", "person 須為有效之身分證字號或統一證號。";
    "mydata.dataset-unknown" 422, Sender, AfterCorrection, [At("/mydata/v1/transactions"), At("/claims/v1/accidents/{id}/mydata")],
        "Name data sets the text lists, each once.", "請使用訊息所列之資料集名稱，每項一次。";
    "mydata.purpose" 422, Sender, AfterCorrection, [At("/mydata/v1/transactions")],
        "Name a purpose all these data sets are for.", "資料集不適用於該用途。";
    "mydata.return-to" 422, Sender, AfterCorrection, [At("/mydata/v1/transactions"), At("/claims/v1/accidents/{id}/mydata")],
        "`return_to` is a page the operator registered, exactly as registered.", "return_to 須為已登錄之返回網址。";
    "mydata.nothing-proved" 409, Sender, Later, [At("/mydata/v1/transactions/{id}/documents"), At("/claims/v1/accidents/{id}/mydata/{transaction}")],
        "Read the transaction's state: nothing is proved yet, or nothing came.", "尚無已查驗之資料，請查詢交易狀態。";
    "mydata.notifier" 403, Sender, AfterCorrection, [At("/mydata/v1/notifications")],
        "Show the `apiKey` and the client certificate that were agreed.", "請出示約定之 apiKey 與用戶端憑證。";
    "mydata.notification" 400, Sender, AfterCorrection, [At("/mydata/v1/notifications")],
        "Send one of the contract's two forms, with a key encrypted for this service provider.", "通知格式不符，或金鑰非為本服務提供者加密。";
    "mydata.notified-before" 409, Sender, No, [At("/mydata/v1/notifications")],
        "Each transaction takes one ticket; the first counts.", "每筆交易僅接受一張領取憑單，以首次為準。";
    "mydata.transaction-over" 410, Sender, No, [At("/mydata/v1/notifications")],
        "Its time is over; the person is asked anew.", "交易已逾時，須由當事人重新申請。";
    "mydata.return" 400, Sender, No, [At("/mydata/v1/return")],
        "Go back to the app and begin again.", "返回資訊無效，請回到應用程式重新申請。";
    "identity.off" 501, Gateway, No, [At("/identity/v1/identifications")], "The operator names the authorities (`wallet.document_authorities_dir`) or the identity provider.", "平台尚未登錄可查驗此簽章之憑證管理中心或身分驗證業者。";
    "identity.method" 422, Sender, AfterCorrection, [At("/identity/v1/identifications")], "Use another means, or one that is signed; wallets and MyData have addresses of their own.", "此身分驗證方式不得僅由應用程式陳述，請改用其他方式。";
    "identity.challenge" 422, Sender, AfterCorrection, [At("/identity/v1/identifications")], "Get a new challenge for this claim; each is good for ten minutes and one report.", "挑戰值無效、逾時或已使用，請重新取得。";
    "identity.proof" 422, Sender, AfterCorrection, [At("/identity/v1/identifications")], "What was signed does not verify; the text says why.", "簽章或身分聲明驗證未通過，原因見訊息。";
    "identity.other-person" 422, Sender, No, [At("/identity/v1/identifications")], "It is another person than the claim's, or than the one who signed.", "身分與案件當事人或簽署人不符。";
    "mandate.nothing" 422, Sender, AfterCorrection, [At("/mandates/v1/check"), At("/mandates/v1/records")],
        "Name exactly one of `mandate` and `mandate_id`, with an `action`, or hand in `documents` alone; to record one, a mandate or the session it was given in.", "mandate 與 mandate_id 請擇一並附上 action，或僅送 documents；登錄時請送委託書或其授權之皮夾驗證。";
    "mandate.refused" 422, Sender, AfterCorrection, [At("/mandates/v1/records")],
        "The mandate does not verify or is not in force; the text says why.", "委託書驗證未通過或不在有效期間，原因見訊息。";
    "trust.refused" 422, Sender, AfterCorrection, [At("/operator/v1/trust/proposals"), At("/operator/v1/trust/proposals/{id}/approve")],
        "The document of the issuer is refused; the text says which rule it breaks.", "發行者文件不被接受，違反之規則見訊息。";
    "ack.repeated" 422, Sender, AfterCorrection, [At("/insurer/v1/acks")],
        "Name each delivery once in a body; the first item counts.", "同一請求內每筆傳送僅能出現一次，以第一筆為準。";
    "query.invalid" 400, Sender, AfterCorrection, [At("/insurer/v1/deliveries"), At("/insurer/v1/alerts"), At("/operator/v1/parties"), At("/operator/v1/endpoints"), At("/operator/v1/dead-letters"), At("/operator/v1/proposals"), At("/operator/v1/alerts"), At("/operator/v1/audit"), At("/insurer/v1/statements/{date}"), At("/hospital/v1/statements/{date}"), At("/insurer/v1/turnaround"), At("/hospital/v1/turnaround"), At("/operator/v1/reports/consortium"), At("/hospital/v1/requests"), At("/wallet/v1/sessions/{id}"), At("/insurer/v1/offsets"), At("/police/v1/uses"), At("/insurer/v1/record-requests"), At("/shops/v1/jobs"), At("/insurer/v1/repairs")],
        "The text names the parameters and their bounds.", "查詢參數有誤，請依訊息所列範圍更正。";
    "operator.if-match-form" 400, Sender, AfterCorrection, [Under("/operator/v1/parties/{id}")],
        "`If-Match` is one ETag as it was given; `If-None-Match` is * for what is not there yet.", "If-Match 請填閘道給的 ETag；新增時使用 If-None-Match: *。";
    "operator.if-match-missing" 428, Sender, AfterCorrection, [At("/operator/v1/parties/{id}"), At("/operator/v1/parties/{id}/endpoint")],
        "Send `If-Match` with the ETag you read.", "請附上讀取時所得 ETag 的 If-Match。";
    "registry.version" 412, Sender, AfterCorrection, [Under("/operator/v1/parties/{id}")],
        "It has changed since you read it: read it again.", "資料已變更，請重新讀取後再送。";
    "registry.changed" 409, Sender, Later, [Under("/operator/v1/parties/{id}"), Under("/operator/v1/proposals/{id}"), Under("/operator/v1/trust/")],
        "The registry changed at this moment: look at it and send it again.", "登錄資料同時被異動，請查看後重送。";
    "operator.too-few" 409, Sender, No, [Under("/operator/v1/parties/{id}"), At("/operator/v1/proposals/{id}/approve")],
        "Two operators who may act must be left: register another first.", "至少須保留兩位可執行作業的維運人員，請先登錄另一位。";
    "registration.refused" 422, Sender, AfterCorrection, [At("/operator/v1/parties/{id}"), At("/operator/v1/proposals/{id}/approve")],
        "The document or the step is refused; the text says why.", "登錄文件或狀態變更不被接受，原因見訊息。";
    "registration.id" 422, Sender, AfterCorrection, [At("/operator/v1/parties/{id}")],
        "The document's `id` is the one in the address.", "文件的 id 須與位址相同。";
    "registration.taken" 409, Sender, AfterCorrection, [At("/operator/v1/parties/{id}"), At("/operator/v1/proposals/{id}/approve")],
        "Another party has this id, number or (an operator) key.", "識別碼、編號或（維運人員）金鑰已由其他機構登錄。";
    "endpoint.address" 422, Sender, AfterCorrection, [At("/operator/v1/parties/{id}/endpoint"), At("/operator/v1/proposals/{id}/approve")],
        "The address may not be reached from the gateway; the text says why.", "此位址不得由閘道連線，原因見訊息。";
    "proposal.own" 403, Sender, No, [At("/operator/v1/proposals/{id}/approve"), At("/operator/v1/trust/proposals/{id}/approve")],
        "You proposed it: another operator approves it.", "提案人不得自行核准，請由另一位維運人員核准。";
    "proposal.other" 403, Sender, No, [At("/operator/v1/proposals/{id}/withdraw"), At("/operator/v1/trust/proposals/{id}/withdraw")],
        "Only who proposed it takes it back; reject it instead.", "僅提案人得撤回；其他人請改為駁回。";
    "proposal.decided" 409, Sender, No, [Under("/operator/v1/proposals/{id}"), Under("/operator/v1/trust/proposals/{id}")],
        "It was decided before; read it to see by whom.", "提案已有決定，請讀取查看。";
    "proposal.expired" 409, Sender, AfterCorrection, [At("/operator/v1/proposals/{id}/approve"), At("/operator/v1/trust/proposals/{id}/approve")],
        "Its time is over: propose it again.", "提案已逾期，請重新提案。";
    "proposal.outdated" 409, Sender, AfterCorrection, [At("/operator/v1/proposals/{id}/approve"), At("/operator/v1/trust/proposals/{id}/approve")],
        "What it was made against has changed: look at it, and propose again.", "提案所依據的資料已變更，請查看後重新提案。";
    "alert.over" 409, Sender, No, [At("/operator/v1/alerts/{id}/acknowledge")],
        "The alert is over: nothing is to be done.", "警示已解除，無須處理。";
    "search.parameter" 400, Sender, AfterCorrection, [At("/fhir/Bundle"), At("/fhir/Bundle/_search"), Under("/fhir/Composition"), Under("/fhir/ClaimResponse"), At("/fhir/Task")],
        "Search by exactly one of the parameters the text names.", "請以訊息所列參數擇一查詢。";
    "search.count" 400, Sender, AfterCorrection, [At("/fhir/Bundle"), At("/fhir/Bundle/_search"), Under("/fhir/Composition"), Under("/fhir/ClaimResponse")],
        "`_count` is 1 to 50.", "_count 須為 1 至 50。";

    "request-signature.required" 422, Sender, AfterCorrection, [Call],
        "You are registered to sign what changes something (RFC 9421): docs/insurer.md says how.", "貴公司登錄為異動請求須簽章（RFC 9421），請簽章後送出。";
    "request-signature.invalid" 422, Sender, AfterCorrection, [Call],
        "The text says what does not fit; sign again.", "請求簽章驗證失敗，原因見訊息，請重新簽章。";
    "request-signature.replayed" 422, Sender, AfterCorrection, [Call],
        "Sign each request anew, with another nonce, also one that is sent again.", "此簽章已使用過；每次送出（含重送）請以新的 nonce 重新簽章。";
    "idempotency.key-form" 400, Sender, AfterCorrection, [Under("/fhir/Bundle"), At("/hospital/v1/applications"), At("/insurer/v1/submissions/{id}/status"), At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/submissions/{id}/supplements"), At("/insurer/v1/record-requests")],
        "`Idempotency-Key` is 1 to 255 printable ASCII characters.", "Idempotency-Key 為 1 至 255 個可列印 ASCII 字元。";
    "idempotency.key-reused" 422, Sender, AfterCorrection, [Under("/fhir/Bundle"), At("/hospital/v1/applications"), At("/insurer/v1/submissions/{id}/status"), At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/submissions/{id}/supplements"), At("/insurer/v1/record-requests")],
        "Use a new key for another body, address or condition.", "內容、位址或條件不同時，請換新的 Idempotency-Key。";
    "signature.fields-too-large" 431, Sender, AfterCorrection, [Under("/fhir/Bundle"), Call],
        "All header fields of a signed request are 48 KiB together at most: leave out certificates it does not need.", "簽章請求的標頭合計上限 48 KiB，請移除不需要的憑證。";
    "bundle.if-none-exist" 400, Sender, AfterCorrection, [At("/fhir/Bundle")],
        "`If-None-Exist` goes with POST, as identifier=<system>|<value>.", "If-None-Exist 僅用於 POST，格式為 identifier=<system>|<value>。";
    "bundle.update-address" 400, Sender, AfterCorrection, [At("/fhir/Bundle")],
        "A PUT names an id, or exactly one `identifier`.", "PUT 須指定 id，或唯一的 identifier。";
    "bundle.if-match-form" 400, Sender, AfterCorrection, [At("/fhir/Bundle"), At("/fhir/Bundle/{id}")],
        "`If-Match` is one ETag as it was given: W/\"1\".", "If-Match 請填閘道給的 ETag，例如 W/\"1\"。";
    "bundle.if-match-missing" 428, Sender, AfterCorrection, [At("/fhir/Bundle"), At("/fhir/Bundle/{id}")],
        "Send `If-Match` with the present ETag.", "請附上目前版本 ETag 的 If-Match。";
    "bundle.revision-mismatch" 412, Sender, AfterCorrection, [At("/fhir/Bundle"), At("/fhir/Bundle/{id}")],
        "Read the bundle, then PUT with its ETag.", "版本已變更，請先讀取再以其 ETag 送 PUT。";
    "bundle.many-exist" 412, Sender, AfterCorrection, [At("/fhir/Bundle")],
        "Several cases fit the identifier: name the system too.", "符合的案件不只一件，請一併指定 system。";
    "bundle.identifier-changed" 422, Sender, AfterCorrection, [At("/fhir/Bundle/{id}")],
        "A PUT keeps the case number of what it replaces.", "PUT 不可變更案件編號。";
    "bundle.identifier-differs" 422, Sender, AfterCorrection, [At("/fhir/Bundle")],
        "PUT a bundle to its own case number.", "位址中的案件編號須與 Bundle.identifier 相同。";
    "bundle.refused" 400|413|422, Sender, AfterCorrection, [Under("/fhir/Bundle"), At("/fhir/Task/{id}/$records")],
        "Correct every issue that is named; each has a code of its own.", "請依各項 issue 更正後重送。";
    "bundle.foreign-hospital" 403, Sender, AfterCorrection, [Under("/fhir/Bundle"), At("/fhir/Task/{id}/$records")],
        "Push with the client of the hospital whose institution code the bundle holds, or have the code registered.", "醫事機構代碼與登錄不符，請以該院的用戶端上傳或洽維運單位登錄。";
    "bundle.too-much" 413, Sender, AfterCorrection, [Under("/fhir/Bundle"), At("/fhir/Task/{id}/$records")],
        "Send the rest as a bundle with a case number of its own.", "超過封包上限，請將其餘內容以另一案件編號送出。";
    "upload.version" 412, Sender, AfterCorrection, [Under("/hospital/v1/uploads"), Under("/claims/v1/uploads")],
        "Send `Tus-Resumable: 1.0.0`.", "請送出標頭 Tus-Resumable: 1.0.0。";
    "upload.header" 400, Sender, AfterCorrection, [Under("/hospital/v1/uploads"), Under("/claims/v1/uploads")],
        "Send `Upload-Length` and `Upload-Metadata` with filetype and sha256 (POST), `Upload-Offset` (PATCH).", "請補齊標頭：POST 須有 Upload-Length 與含 filetype、sha256 的 Upload-Metadata，PATCH 須有 Upload-Offset。";
    "upload.media-type" 415, Sender, AfterCorrection, [At("/hospital/v1/uploads"), At("/claims/v1/uploads")],
        "Upload one of the kinds the text names.", "請上傳訊息所列格式的檔案。";
    "upload.too-large" 413, Sender, AfterCorrection, [At("/hospital/v1/uploads"), At("/claims/v1/uploads")],
        "The file is empty, or larger than files of its kind may be.", "檔案為空，或超過該類檔案的上限。";
    "upload.too-many" 422, Sender, AfterCorrection, [At("/hospital/v1/uploads"), At("/claims/v1/uploads")],
        "Push the Bundles that refer to your uploads, or DELETE them.", "尚未被 Bundle 引用的上傳檔案過多，請先送出 Bundle 或刪除。";
    "upload.offset" 409, Sender, AfterCorrection, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}")],
        "Ask with HEAD where the upload is, and go on from there.", "續傳位置不符，請以 HEAD 查詢後自該處續傳。";
    "upload.too-long" 400, Sender, AfterCorrection, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}")],
        "Send no more bytes than `Upload-Length` said.", "位元組數超過 Upload-Length。";
    "upload.complete" 409, Sender, No, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}")],
        "The upload is complete; refer to it in a Bundle.", "檔案已上傳完成，不可再變更。";
    "upload.taken-over" 409, Sender, Later, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}")],
        "Another request of yours goes on with it; ask with HEAD where it is.", "另一請求正在續傳，請以 HEAD 查詢進度。";
    "upload.digest-differs" 422, Sender, AfterCorrection, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}")],
        "Compare file and declared SHA-256, and begin again.", "內容與宣告的 SHA-256 不符，請核對後重新上傳。";
    "upload.type-differs" 422, Sender, AfterCorrection, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}")],
        "Declare the kind the file is of, and begin again.", "內容與宣告格式不符，請更正後重新上傳。";
    "upload.too-slow" 408, Sender, Later, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}")],
        "What came is kept: go on from there.", "傳送過慢；已收到的部分已保存，請續傳。";
    "upload.broken" 400, Sender, Later, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}")],
        "The body ended early; what came is kept: go on from there.", "內容中斷；已收到的部分已保存，請續傳。";
    "application.signed-at" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Set the clock of the system that sends it.", "簽署時間晚於現在，請校正系統時鐘。";
    "application.accident" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Say when it happened, beginning with a date, and what happened.", "請填以日期開頭之事故時間及事故經過。";
    "application.text" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Shorten the text or the list; the text says how long they may be.", "文字或清單過長，請依說明縮短。";
    "application.insured" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Say who the insured is: a number, or name and date of birth.", "請填被保險人身分號碼，或姓名及出生年月日。";
    "application.applicant" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Who applies for somebody else gives name, number and ground; for a person under 18 a representative applies.", "代為申請者須填姓名、證號及依據；未滿十八歲由法定代理人申請。";
    "application.signature" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Give what this way of signing needs; the text says what.", "簽署方式所需資料不足，請依說明補齊。";
    "application.account" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Correct the code of the bank and the number of the account.", "請更正金融機構代碼及帳號。";
    "accident.form" 422, Sender, AfterCorrection, [Under("/claims/v1/accidents"), At("/insurer/v1/accidents"), At("/claims/v1/cases/{id}/submit")], "Mend what `pointer` names: the day, whose record it is, recipients that take this line, each on a ground of its own.", "請依 pointer 更正：事故日期、警察機關管轄、受領之保險公司及其依據。";
    "case.client-id-used" 409, Sender, No, [At("/claims/v1/cases")], "Use a client_id of its own for each case.", "此 client_id 已用於他人之案件，請另用新值。";
    "case.mandate" 422, Sender, AfterCorrection, [At("/claims/v1/cases")], "Record the mandate first; one that ended is none.", "請先登錄委託書；已終止之委託不得使用。";
    "case.code-unknown" 404, Sender, AfterCorrection, [At("/claims/v1/cases/{id}/join")], "Ask for a new invitation.", "邀請碼不存在、已使用或已逾期，請重新邀請。";
    "case.own-invitation" 409, Sender, No, [At("/claims/v1/cases/{id}/join")], "The code is for another person of the accident.", "不得接受自己發出之邀請。";
    "case.joined" 409, Sender, No, [At("/claims/v1/cases/{id}/join")], "A case is joined once.", "案件已加入其他案件。";
    "case.too-many" 422, Sender, Later, [At("/claims/v1/cases/{id}/invitations"), At("/claims/v1/cases/{id}/join")], "Let invitations be used or expire.", "邀請或參與人數已達上限。";
    "case.not-ready" 422, Sender, AfterCorrection, [At("/claims/v1/cases/{id}/submit")], "Fill in what pointer names, then send.", "請補填 pointer 所指欄位後再送出。";
    "case.disputed" 409, Sender, AfterCorrection, [At("/claims/v1/cases/{id}/submit")], "Choose among the values of the field that pointer names.", "pointer 所指欄位有不同之值，請擇一後再送出。";
    "case.policy-changed" 409, Sender, AfterCorrection, [At("/claims/v1/cases/{id}/submit")], "Show the consents anew.", "揭露政策已變更，請重新顯示同意畫面。";
    "accident.other" 422, Sender, No, [At("/claims/v1/accidents/{id}/mydata/{transaction}")],
        "No document of the transaction is of this accident: compare number, day and plates; the text says which is what.", "資料均非本次事故之文件，請核對案件編號、日期及車牌。";
    "accident.mydata-claim" 409, Sender, No, [At("/claims/v1/accidents/{id}/mydata/{transaction}")],
        "The transaction was begun for another claim: begin one for this claim.", "此筆 MyData 交易屬於其他案件，請就本案重新申請。";
    "accident.reference-used" 409, Sender, No, [At("/claims/v1/accidents"), At("/insurer/v1/accidents"), At("/claims/v1/cases/{id}/submit")], "File it under another reference, or send the same as before.", "此編號已用於另一事故申報，請改用其他編號，或送出相同內容。";
    "assessment.facts" 422, Sender, AfterCorrection, [At("/claims/v1/assessments"), At("/insurer/v1/assessments")],
        "The facts do not hold together: mend what `pointer` names and what the text names behind it.", "事故資料前後不符或超出範圍，請依 pointer 及說明更正。";
    "cover.plate" 422, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/cover")],
        "Ask about a vehicle that the filing or the registration slip names, by its plate.", "僅能查詢事故申報或登記聯單所列車輛之牌照號碼。";
    "cover.ground" 422, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/cover")],
        "Name the person's consent or mandate: the plate is disclosed by asking.", "查詢將揭露牌照號碼，請附當事人之同意或委託編號。";
    "cover.limit" 429, Sender, Later, [At("/claims/v1/accidents/{id}/cover")],
        "A case may ask ten times a day and forty times in all; what was found is read with GET.", "每案每日至多查詢十次、合計四十次；已查得者請以 GET 讀取。";
    "application.third-account" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Name the written instruction, or an account of the insured or the applicant.", "帳戶非被保險人或申請人所有，請附給付指示。";
    "application.recipient" 422, Sender, AfterCorrection, [At("/hospital/v1/applications"), At("/hospital/v1/application-pages")],
        "Name each insurer once, in a line it takes here, and evidence types that exist.", "請核對受領之保險公司、險種及文件種類。";
    "application.other-person" 422, Sender, AfterCorrection, [At("/hospital/v1/applications")],
        "Compare the insured with the documents of the case.", "申請書之被保險人與本案文件之病人不符，請核對。";
    "application.superseded" 422, Sender, No, [At("/hospital/v1/applications")],
        "Nothing: the patient signed another one later, or took this consent back; what was signed last counts.", "病人已另簽較晚之申請書，或已撤回此項同意；以最後簽署者為準。";
    "insurer.unknown" 422, Sender, AfterCorrection, [Under("/fhir/Bundle")],
        "Check the 統一編號 or insurer code of the payor; ask the operator who takes part.", "請核對保險公司的統一編號或代碼，並向維運單位確認是否參加。";
    "bundle.nothing-to-withdraw" 422, Sender, AfterCorrection, [Under("/fhir/Bundle")],
        "It only withdraws, and there is no case with this number: check the number.", "僅含作廢內容而查無此案件，請核對案件編號。";
    "insurer.line-not-offered" 422, Sender, AfterCorrection, [Under("/fhir/Bundle")],
        "Name a line of insurance that the text lists.", "該保險公司未受理此險種，請改用訊息所列險種。";
    "claim.restricted" 451, Sender, No, [Under("/fhir/"), Under("/insurer/v1/deliveries/{id}"), Under("/insurer/v1/submissions/{id}")],
        "Nothing can be done with this claim now; the gateway's operator knows why.", "此案件處理受限制，暫不得利用；原因請洽平台維運單位。";
    "claim.erased" 410, Sender, No, [Under("/fhir/"), Under("/insurer/v1/deliveries/{id}"), Under("/insurer/v1/submissions/{id}")],
        "Nothing: the claim was erased, and its content does not come back.", "此案件資料已刪除，無法回復。";
    "delivery.withdrawn" 410, Recipient, No, [Under("/insurer/v1/deliveries/{id}")],
        "Nothing: the hospital has no consent basis any more. It comes again as a new delivery with a new basis.", "醫院已無同意依據而收回，無須處理；取得新依據後會以新送件送達。";
    "delivery.returned" 410, Sender, No, [Under("/insurer/v1/deliveries/{id}")],
        "Nothing: you gave it back as not yours.", "貴公司已退件，無須處理。";
    "return.unknown-reason" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/return")],
        "Give one of the reasons the text lists.", "請使用訊息所列的退件原因。";
    "return.otherwise" 409, Sender, No, [At("/insurer/v1/deliveries/{id}/return")],
        "Given back for another reason before; this cannot be changed.", "先前已以另一原因退件，不可變更。";
    "forward.unknown-recipient" 409, Sender, No, [At("/insurer/v1/deliveries/{id}/return")],
        "The return counts. Nobody here has this number, or takes this line; the hospital is told.", "退件已成立；平台查無此保險公司或未受理此險種，已通知醫院。";
    "forward.outside-consent" 409, Sender, No, [At("/insurer/v1/deliveries/{id}/return")],
        "The return counts. The consent does not name this insurer; the hospital is told to push a corrected Coverage.", "退件已成立；同意書未列此保險公司，已通知醫院更正 Coverage 後重送。";
    "forward.returned-before" 409, Sender, No, [At("/insurer/v1/deliveries/{id}/return")],
        "The return counts. That insurer gave the claim back itself; the hospital is told.", "退件已成立；該保險公司亦曾退件，已通知醫院。";
    "forward.too-often" 409, Sender, No, [At("/insurer/v1/deliveries/{id}/return")],
        "The return counts. The claim was handed on three times; the hospital is told.", "退件已成立；此案已轉送三次，已通知醫院處理。";
    "forward.recipient-inactive" 409, Recipient, No, [At("/insurer/v1/deliveries/{id}/return")],
        "The return counts. That insurer can get nothing now; the hospital is told.", "退件已成立；該保險公司目前無法收件，已通知醫院。";
    "link.unknown-rail" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/link")],
        "Name one of the rails the text lists.", "請使用訊息所列的管道。";
    "delivery.not-fetched" 409, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack"), At("/insurer/v1/deliveries/{id}/return"), At("/insurer/v1/deliveries/{id}/attachments/{attachment}")],
        "Fetch and open its packet first.", "請先領取並開啟封包。";
    "delivery.digest-mismatch" 409, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "You opened something else: fetch and open it again.", "開啟的內容不符，請重新領取並開啟。";
    "delivery.acknowledged" 409, Sender, No, [At("/insurer/v1/deliveries/{id}/ack")],
        "Acknowledged with the other result before; this cannot be changed.", "先前已以另一結果簽收，不可變更。";
    "attachment.withheld" 409, Recipient, Later, [At("/insurer/v1/deliveries/{id}"), Under("/insurer/v1/deliveries/{id}/attachments/{attachment}")],
        "The hospital has no consent basis now.", "醫院目前無同意依據，請稍後再試。";
    "attachment.large" 409, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/attachments/{attachment}")],
        "The file is over 20 MiB: fetch its key, then its content.", "檔案超過 20 MiB，請先領取金鑰（/key）再領取內容（/content）。";
    "attachment.small" 409, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/attachments/{attachment}/key"), At("/insurer/v1/deliveries/{id}/attachments/{attachment}/content")],
        "The file has no key of its own: fetch it whole.", "此檔案無獨立金鑰，請直接領取整個檔案。";
    "attachment.key-first" 409, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/attachments/{attachment}/content")],
        "Fetch the key of the file first.", "請先領取檔案金鑰（/key）。";
    "attachment.range" 416, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/attachments/{attachment}/content")],
        "Ask for a range within the content.", "要求的範圍超出內容，請更正 Range。";
    "insurer.no-key" 409, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}"), Under("/insurer/v1/deliveries/{id}/attachments/{attachment}")],
        "Have the operator register a valid encryption key, then fetch again.", "請洽維運單位登錄有效的加密金鑰後再領取。";
    "proof.pending" 503, Gateway, Later, [At("/insurer/v1/deliveries/{id}/proof")],
        "The next checkpoint of the log holds this packet.", "透明日誌尚未納入此封包，請稍後再試。";
    "receipt.none" 404, Sender, No, [At("/insurer/v1/deliveries/{id}/receipt")],
        "This delivery was acknowledged without a signed receipt, or not yet.", "此送件尚未簽收，或簽收時未附回條。";
    "receipt.required" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "You are registered to sign a receipt with each acknowledgement.", "貴公司登錄為須附簽收回條，請附上。";
    "receipt.result" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The receipt says another result than the acknowledgement around it.", "回條的結果與簽收的結果不同。";
    "receipt.too_large" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "A receipt is at most 4096 characters.", "回條上限 4096 字元。";
    "receipt.malformed" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "Send a compact JWS with exactly the members of a receipt.", "請送格式正確的 compact JWS 回條。";
    "receipt.header" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The header is exactly `alg`, `kid` and `typ`.", "回條標頭僅限 alg、kid、typ。";
    "receipt.unknown_key" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "Sign with a key that is registered for you.", "請以已登錄的簽章金鑰簽署。";
    "receipt.signature" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The signature is not by the key it names: sign again.", "簽章無法驗證，請重新簽署。";
    "receipt.key" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The key must be valid when you sign and when the receipt comes in.", "簽署與送達時金鑰皆須有效。";
    "receipt.time" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The receipt is older than its packet or dated ahead: look at your clock, then sign again.", "回條時間有誤，請校正時鐘後重新簽署。";
    "receipt.delivery" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The receipt is for another delivery.", "回條屬於另一送件。";
    "receipt.packet" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The receipt is for another packet.", "回條屬於另一封包。";
    "receipt.line" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The receipt is for another line of insurance.", "回條屬於另一險種。";
    "receipt.digest" 422, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/ack")],
        "The receipt is for another presentation: open the packet again, then sign.", "回條的內容摘要不符，請重新開啟封包後簽署。";
    "submission.unknown-state" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/status")],
        "Report one of the states the text lists.", "請使用訊息所列的狀態。";
    "submission.invalid-step" 409, Sender, AfterCorrection, [At("/insurer/v1/deliveries/{id}/return"), At("/insurer/v1/submissions/{id}/status"), At("/insurer/v1/submissions/{id}/supplements")],
        "There is no such step from the state it is in.", "目前狀態不可轉為此狀態。";
    "submission.not-paid" 409, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/status")],
        "Report the payments; the state follows from them.", "給付尚未達核賠金額，請回報給付紀錄，狀態隨之更新。";
    "decision.unbalanced" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/status")],
        "Correct the place the pointer names: accepted and declined make up what was claimed, reasons what is declined, lines the sums.", "請更正 pointer 所指之處：核給與不給付合計須等於申請，原因金額合計須等於不給付，各筆合計須等於總額。";
    "decision.outcome" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/status")],
        "Report the state the decision comes to.", "回報的狀態須與決定的結果一致。";
    "decision.corrects" 409, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/status")],
        "Name the decision that stands in `corrects`, and say why it is corrected.", "請於 corrects 指明現行決定的版本，並說明更正原因。";
    "ledger.full" 409, Sender, No, [At("/insurer/v1/submissions/{id}/status"), At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "The books of a submission hold 200 decisions and 200 payments: ask the operator.", "此案件的決定或給付紀錄已達上限，請洽維運單位。";
    "offset.claim" 422, Sender, AfterCorrection, [At("/hospital/v1/offsets")],
        "Name the claim by `claim_id` or by `case_number`, not both.", "請以 claim_id 或 case_number 擇一指定案件。";
    "offset.exists" 409, Sender, AfterCorrection, [At("/hospital/v1/offsets")],
        "A case of this claim is open: change or cancel that one.", "此案件已有進行中的抵繳，請變更或取消該筆。";
    "offset.insurers" 422, Sender, AfterCorrection, [At("/hospital/v1/offsets")],
        "Name 1 to 10 insurers, each once.", "請列 1 至 10 家保險公司，且不得重複。";
    "offset.insurer" 422, Sender, AfterCorrection, [At("/hospital/v1/offsets")],
        "The claim was not sent to the insurer at `pointer` in this line.", "pointer 所指之保險公司未收到此險種之案件。";
    "offset.submission" 409, Sender, AfterCorrection, [At("/hospital/v1/offsets"), At("/insurer/v1/offsets/{id}/promise")],
        "The submission is withdrawn, returned or closed: nothing is promised of it.", "受理案件已撤回、退件或結案，不得承諾。";
    "offset.state" 409, Sender, AfterCorrection, [At("/hospital/v1/offsets/{id}/bill"), At("/hospital/v1/offsets/{id}/instruction"), At("/hospital/v1/offsets/{id}/accept"), At("/hospital/v1/offsets/{id}/cancel"), At("/hospital/v1/offsets/{id}/death"), At("/hospital/v1/offsets/{id}/discharge"), At("/insurer/v1/offsets/{id}/promise"), At("/insurer/v1/offsets/{id}/decline"), At("/insurer/v1/offsets/{id}/cancel"), At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "The case takes no such step in the state the text names.", "依訊息所列狀態，此抵繳案不接受該步驟。";
    "offset.amount" 422, Sender, AfterCorrection, [At("/hospital/v1/offsets"), At("/hospital/v1/offsets/{id}/bill"), At("/insurer/v1/offsets/{id}/promise"), At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "An amount is more than zero; a final bill may be zero.", "金額須大於零；結算帳單可為零。";
    "offset.above-bill" 409, Sender, AfterCorrection, [At("/insurer/v1/offsets/{id}/promise")],
        "Promise at most the bill.", "承諾金額不得超過帳單金額。";
    "offset.above-due" 409, Sender, AfterCorrection, [At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "Pay or take back what is due now at most; the case says how much.", "金額超過目前應付或應退之數，請先查詢抵繳案。";
    "offset.expires" 422, Sender, AfterCorrection, [At("/insurer/v1/offsets/{id}/promise")],
        "A promise holds until a moment to come, within 366 days.", "承諾期限須為未來 366 日內之時點。";
    "offset.final-bill" 409, Sender, AfterCorrection, [At("/hospital/v1/offsets/{id}/bill")],
        "The final bill is in: a change of it is final as well.", "已有結算帳單，變更亦須以結算帳單送出。";
    "offset.no-instruction" 409, Sender, AfterCorrection, [At("/hospital/v1/offsets/{id}/accept")],
        "Hand in the insured's written payment instruction first.", "請先送出被保險人之書面給付指示。";
    "offset.instruction" 422, Sender, AfterCorrection, [At("/hospital/v1/offsets/{id}/instruction")],
        "An instruction was signed before it is handed in.", "給付指示的簽署時間不得晚於現在。";
    "offset.heirs" 409, Sender, AfterCorrection, [At("/hospital/v1/offsets/{id}/instruction")],
        "After a death the heirs sign, and only then.", "被保險人死亡後僅由繼承人簽署，反之亦然。";
    "offset.discharged" 409, Sender, AfterCorrection, [At("/hospital/v1/offsets/{id}/bill"), At("/hospital/v1/offsets/{id}/death"), At("/hospital/v1/offsets/{id}/discharge")],
        "The patient has left already.", "病人已出院。";
    "offset.day" 422, Sender, AfterCorrection, [At("/hospital/v1/offsets"), At("/hospital/v1/offsets/{id}/bill"), At("/hospital/v1/offsets/{id}/death"), At("/hospital/v1/offsets/{id}/discharge")],
        "A day of discharge to come is today or later; one that is reported is over or today.", "預定出院日須為今日以後；通報之日期不得晚於今日。";
    "offset.full" 409, Sender, AfterCorrection, [At("/hospital/v1/offsets/{id}/bill"), At("/hospital/v1/offsets/{id}/instruction"), At("/hospital/v1/offsets/{id}/accept"), At("/hospital/v1/offsets/{id}/death"), At("/hospital/v1/offsets/{id}/discharge"), At("/insurer/v1/offsets/{id}/promise"), At("/insurer/v1/offsets/{id}/decline"), At("/insurer/v1/offsets/{id}/cancel")],
        "Too many steps were made: cancel the case and open another.", "步驟過多，請取消後重新建立。";
    "payment.amount" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/status"), At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "An amount is more than zero, and the sums stay within ten billion.", "金額須大於零，合計不得超過一百億。";
    "payment.sheet" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments")],
        "The lines of the calculation sheet make up the amount.", "計算書各項合計須等於給付金額。";
    "payment.form" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments")],
        "Money that goes out names its payee; money that comes back names the payment it belongs to.", "給付須填受款人；退匯或追回須以 reverses 指明原給付。";
    "payment.instruction" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments")],
        "A third account needs the reference of the claimant's written instruction.", "匯入第三人帳戶須填受益人書面指示的編號。";
    "payment.reference" 409, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "Each payment has a reference of its own; to send one again use its `Idempotency-Key`.", "每筆給付須有不同的編號；重送同一筆請使用相同的 Idempotency-Key。";
    "payment.state" 409, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "Reopen the submission first where it was closed; nothing is paid of one that was withdrawn or returned.", "案件已結案、撤回或退件，不得給付；已結案者請先重啟。";
    "payment.no-decision" 409, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments")],
        "Report the decision first, or mark a provisional payment with `ahead_of_decision`.", "請先回報決定；暫付款請標示 ahead_of_decision。";
    "payment.above-accepted" 409, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "Correct the decision first, or mark a provisional payment with `ahead_of_decision`.", "給付超過核賠金額，請先更正決定；暫付款請標示 ahead_of_decision。";
    "payment.reverses-unknown" 409, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments")],
        "Name a payment of this submission whose money went out.", "請指明此案件已付出的給付。";
    "payment.reverses-too-much" 409, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/offsets/{id}/settle"), At("/insurer/v1/offsets/{id}/refund")],
        "No more comes back than was paid with it.", "退回金額不得超過該筆給付尚未退回的部分。";
    "coordination.none" 409, Sender, No, [At("/insurer/v1/submissions/{id}/coordination")],
        "Nothing to do: the patient consents to it, or not.", "未經當事人同意告知其他給付情形，或本險種為定額給付。";
    "request.due-on" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/supplements"), At("/insurer/v1/record-requests")],
        "The last day is after today in Taiwan and at most 180 days from now.", "期限須在明日（臺灣時間）以後、180 日以內。";
    "request.no-hospital" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/supplements")],
        "The claim is of an accident and no hospital's: ask the person (`to`: `person`).", "本案為事故案件，並無醫院，請改向當事人補件（to: person）。";
    "request.why-not-before" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/supplements")],
        "From the second request on say why an earlier one did not name it.", "再次要求補件須說明首次未列的原因。";
    "request.note-missing" 422, Sender, AfterCorrection, [At("/insurer/v1/submissions/{id}/supplements")],
        "Say in the note which document `other` is.", "選擇「其他」時須於備註說明文件名稱。";
    "request.too-many" 409, Sender, No, [At("/insurer/v1/submissions/{id}/supplements")],
        "A submission takes 50 requests: settle it with the hospital.", "此案件的補件要求已達上限，請與醫院直接聯繫。";
    "request.invalid-step" 409, Sender, AfterCorrection, [At("/insurer/v1/requests/{id}/close"), At("/hospital/v1/requests/{id}/answer"), At("/fhir/Task/{id}/$records"), At("/claims/v1/claims/{id}/requests/{request}/answer")],
        "There is no such step from the state the request is in.", "此補件要求目前的狀態不可如此處理。";
    "request.revision-missing" 422, Sender, AfterCorrection, [At("/hospital/v1/requests/{id}/answer")],
        "Name the revision with `answered` and `partly-answered`, and with no other result.", "已提供或部分提供時須填案件版次，其他結果不得填。";
    "request.revision" 409, Sender, AfterCorrection, [At("/hospital/v1/requests/{id}/answer")],
        "Push the documents first, then name the revision that push made.", "請先上傳文件，再填該次上傳的版次。";
    "request.reason" 422, Sender, AfterCorrection, [At("/hospital/v1/requests/{id}/answer")],
        "Give a reason with `refused`, a note with `other`, and no reason otherwise.", "拒絕須填原因；原因為其他時須附說明；其他結果不得填原因。";
    "request.also" 422, Sender, AfterCorrection, [At("/hospital/v1/requests/{id}/answer"), At("/claims/v1/claims/{id}/requests/{request}/answer")],
        "Name other requests to you for the same claim, each once.", "also 僅能列同一案件、向貴院或本人提出的其他要求，每筆一次。";
    "request.papers" 422, Sender, AfterCorrection, [At("/claims/v1/claims/{id}/requests/{request}/answer")],
        "Hand in what a request asks for: photos or PDF, ten files, 5 MiB each, 24 papers of a claim.", "僅能提供被要求之文件：照片或 PDF，最多 10 檔、每檔 5 MiB，每案 24 份。";
    "statement.not-yet" 404, Sender, Later, [At("/insurer/v1/statements/{date}"), At("/hospital/v1/statements/{date}")],
        "The day has not begun in Taiwan.", "該日（臺灣時間）尚未開始。";
    "statement.too-old" 404, Sender, No, [At("/insurer/v1/statements/{date}"), At("/hospital/v1/statements/{date}")],
        "A statement goes back 400 days at most.", "對帳單最多可查 400 日內。";
    "tracking-code.unknown" 404, Sender, No, [At("/claims/v1/links")],
        "Unknown, used or expired: the patient asks the hospital for the claim's code.", "追蹤碼不明、已使用或已過期，請病人向醫院查詢。";

    "storage.full" 507, Gateway, Later, [At("/hospital/v1/uploads/{id}"), At("/claims/v1/uploads/{id}"), Under("/fhir/Bundle")],
        "There is no space for files; tell the operator.", "檔案儲存空間不足，請洽維運單位。";
    "busy" 503, Gateway, Later, [Body, Under("/insurer/v1/deliveries/{id}/attachments/{attachment}")],
        "Nothing was kept: send the same again.", "閘道忙碌，未留存任何資料，請原樣重送。";
    "stopping" 503, Gateway, Later, [At("/readyz")],
        "Ask another replica.", "閘道停止中，請改連其他節點。";
    "signing-key.none" 503, Gateway, Later, [At("/oauth/token"), Under("/fhir/Bundle"), Call],
        "Nothing was kept. The operator makes a new key.", "閘道無有效金鑰，未留存任何資料；由維運單位處理後原樣重送。";
    "unavailable" 503, Gateway, Later, [Protected, At("/oauth/token"), Under("/log/"), At("/readyz"), At("/metrics")],
        "Nothing was kept: send the same again.", "閘道暫時無法儲存，未留存任何資料，請原樣重送。";
    "internal" 500, Gateway, Later, [Protected, At("/oauth/token"), Under("/log/"), At("/readyz"), At("/metrics")],
        "Nothing was kept. Tell the operator the request id.", "閘道發生錯誤，未留存任何資料；請將 request_id 告知維運單位。";
};
