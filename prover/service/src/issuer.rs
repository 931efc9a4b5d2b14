//! `IssuerService`.

use crate::auth;
use crate::caller::{Caller, Role};
use crate::disclosure::page;
use crate::error::Refusal;
use crate::hospital::Hospital;
use crate::store::Store;
use crate::watch::Hub;
use medproof_audit::PseudonymKey;
use medproof_messages::terms::parse_day;
use medproof_proto::v1;
use medproof_proto::v1::import_records_request::{Format, Options, Part};
use medproof_proto::v1::issuer_service_server::IssuerService;
use medproof_proto::v1::record::Standing as Form;
use medproof_records::import::{
    ImportError, ImportReport, Importer, Manifest, Options as Reading, PatientChart, Problem,
};
use medproof_records::issuer::{Enrolment, Summary};
use medproof_records::vault::Standing;
use medproof_statement::field;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tonic::{Code, Request, Response, Status, Streaming};
use zeroize::Zeroizing;

// Of one call. More comes in several.
const MOST_BYTES: usize = 512 << 20;

/// What the service answers from.
pub struct Registrar {
    /// The records.
    pub hospital: Arc<Hospital>,
    /// Jobs about them.
    pub store: Store,
    /// What patients are called there.
    pub pseudonyms: Arc<PseudonymKey>,
    /// Who follows jobs.
    pub hub: Arc<Hub>,
}

/// Answers calls.
#[derive(Clone)]
pub struct Handler(pub Arc<Registrar>);

type Answer<T> = Result<Response<T>, Status>;

impl Handler {
    // The hospital's staff alone.
    fn require_staff<T>(&self, request: &Request<T>) -> Result<Caller, Refusal> {
        let caller = auth::caller(request)?;
        if caller.role != Role::Issuer {
            return Err(auth::role("call as an issuer"));
        }
        self.0.hospital.require_tenant(&caller)?;
        Ok(caller)
    }

    // Records are on disk, and take their time: not among those who answer calls.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hospital) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let hospital = Arc::clone(&self.0.hospital);
        let done = tokio::task::spawn_blocking(move || work(&hospital));
        done.await.unwrap_or_else(|_| {
            let message = "the service could not do it";
            Err(Refusal::new(
                Code::Internal,
                "service.defect",
                message,
                "an operator looks at the log",
            ))
        })
    }

    // Jobs about a record, and what they made: none is left. Of one that was erased, nothing else either.
    async fn end_about(&self, caller: &Caller, record: &str, erased: bool) -> Result<(i64, u64), Refusal> {
        let pseudonym = self.0.pseudonyms.pseudonym(&caller.tenant, record).0.0;
        let (ended, line) = self.0.store.end_about(&caller.tenant, &pseudonym, erased).await?;
        ended.iter().for_each(|job| self.0.hub.changed(job));
        Ok((i64::try_from(ended.len()).unwrap_or(i64::MAX), line))
    }
}

#[tonic::async_trait]
impl IssuerService for Handler {
    async fn import_records(
        &self,
        request: Request<Streaming<v1::ImportRecordsRequest>>,
    ) -> Answer<v1::ImportRecordsResponse> {
        self.require_staff(&request)?;
        let mut parts = request.into_inner();
        let first = parts.message().await?.and_then(|message| message.part);
        let Some(Part::Options(options)) = first else {
            let help = "send options first, then data";
            return Err(
                Refusal::invalid("import.options", "expected options as the first part", help)
                    .at("part")
                    .into(),
            );
        };
        let how = How::read(&options)?;
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(message) = parts.message().await? {
            let Some(Part::Data(data)) = message.part else {
                let help = "send options once, then data";
                return Err(Refusal::invalid("import.data", "expected data", help).at("part").into());
            };
            append(&mut bytes, &Zeroizing::new(data))?;
        }
        let response = self.with(move |hospital| how.import(hospital, &bytes)).await?;
        Ok(Response::new(response))
    }

    async fn list_records(&self, request: Request<v1::ListRecordsRequest>) -> Answer<v1::ListRecordsResponse> {
        self.require_staff(&request)?;
        let message = request.into_inner();
        let count = page::size(message.page_size)? as usize;
        let after = message.page_token;
        let records = self.with(move |hospital| {
            let issuer = hospital.issuer();
            let later = issuer.records().map(record).filter(|record| record.id > after);
            let mut records: Vec<v1::Record> = later.collect();
            records.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(records)
        });
        let mut records = records.await?;
        let more = records.len() > count;
        records.truncate(count);
        let last = records.last().filter(|_| more);
        let next_page_token = last.map(|record| record.id.clone()).unwrap_or_default();
        Ok(Response::new(v1::ListRecordsResponse {
            records,
            next_page_token,
        }))
    }

    async fn invite_holder(&self, request: Request<v1::InviteHolderRequest>) -> Answer<v1::InviteHolderResponse> {
        self.require_staff(&request)?;
        let record = request.into_inner().record;
        let invitation = self.with(move |hospital| {
            let invitation = hospital.issuer().invitation(&record)?;
            invitation.to_json().map_err(|error| unwritten(&error))
        });
        let invitation = invitation.await?.as_bytes().to_vec();
        Ok(Response::new(v1::InviteHolderResponse { invitation }))
    }

    async fn enrol_holder(&self, request: Request<v1::EnrolHolderRequest>) -> Answer<v1::EnrolHolderResponse> {
        self.require_staff(&request)?;
        let message = request.into_inner();
        let bytes = Zeroizing::new(message.enrolment);
        let enrolment = Enrolment::from_json(&bytes).map_err(|error| {
            Refusal::invalid(
                "enrolment.json",
                &error,
                "send the enrolment as the patient's wallet wrote it",
            )
            .at("enrolment")
        })?;
        let enrolled = self.with(move |hospital| {
            let mut issuer = hospital.issuer();
            let enrolled = if message.rotate {
                issuer.rotate(&message.record, &enrolment)
            } else {
                issuer.enroll(&message.record, &enrolment)
            };
            Ok(enrolled?.to_string())
        });
        let record = enrolled.await?;
        Ok(Response::new(v1::EnrolHolderResponse { record }))
    }

    async fn get_receipt(&self, request: Request<v1::GetReceiptRequest>) -> Answer<v1::GetReceiptResponse> {
        self.require_staff(&request)?;
        let record = request.into_inner().record;
        let receipt = self.with(move |hospital| {
            let receipt = hospital.issuer().receipt(&record)?;
            receipt.to_json().map_err(|error| unwritten(&error))
        });
        let receipt = receipt.await?.as_bytes().to_vec();
        Ok(Response::new(v1::GetReceiptResponse { receipt }))
    }

    async fn anchor_registry(&self, request: Request<v1::AnchorRegistryRequest>) -> Answer<v1::AnchorRegistryResponse> {
        self.require_staff(&request)?;
        let anchored = self.with(|hospital| Ok(hospital.anchor()?)).await?;
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        Ok(Response::new(v1::AnchorRegistryResponse {
            root: field::to_bytes(&anchored.anchor.root).to_vec(),
            epoch: anchored.anchor.epoch,
            size: anchored.anchor.size,
            anchored: Some(prost_types::Timestamp {
                seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
                nanos: 0,
            }),
            heartbeat: anchored.heartbeat,
        }))
    }

    async fn revoke_record(&self, request: Request<v1::RevokeRecordRequest>) -> Answer<v1::RevokeRecordResponse> {
        let caller = self.require_staff(&request)?;
        let record = request.into_inner().record;
        let revoked = self.with(move |hospital| Ok(hospital.issuer().revoke(&record)?.to_string()));
        let (cancelled_jobs, _) = self.end_about(&caller, &revoked.await?, false).await?;
        Ok(Response::new(v1::RevokeRecordResponse { cancelled_jobs }))
    }

    async fn erase_record(&self, request: Request<v1::EraseRecordRequest>) -> Answer<v1::EraseRecordResponse> {
        let caller = self.require_staff(&request)?;
        let named = request.into_inner().record;
        let record = self.with(move |hospital| hospital.record(&named)).await?;
        let erased = record.clone();
        self.with(move |hospital| Ok(hospital.issuer().erase(&erased)?)).await?;
        // After it: a job that was submitted meanwhile has a copy of it.
        let (cancelled_jobs, audit_index) = self.end_about(&caller, &record, true).await?;
        Ok(Response::new(v1::EraseRecordResponse {
            cancelled_jobs,
            audit_index,
        }))
    }
}

// Room is made without leaving copies of what was there.
fn append(bytes: &mut Zeroizing<Vec<u8>>, more: &[u8]) -> Result<(), Refusal> {
    let length = bytes.len() + more.len();
    if length > MOST_BYTES {
        let message = format!("expected at most {MOST_BYTES} bytes in one call, found more");
        return Err(Refusal::new(
            Code::ResourceExhausted,
            "input.large",
            message,
            "import it in several calls",
        ));
    }
    if length > bytes.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(more);
    Ok(())
}

fn unwritten(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Code::Internal, "service.defect", error, "an operator looks at the log")
}

// How an import is read.
struct How {
    format: Format,
    reading: Reading,
    update: bool,
}

impl How {
    fn read(options: &Options) -> Result<How, Refusal> {
        let wrong = |field: &str, message: &dyn std::fmt::Display, help| {
            Err(Refusal::invalid("import.options", message, help)
                .at(field)
                .at("options"))
        };
        let issued_on = match parse_day("issued_on", &options.issued_on) {
            Ok(day) => day,
            Err(error) => return wrong("issued_on", &error, "say of which day the charts are"),
        };
        let complete: Vec<&str> = options.complete.iter().map(String::as_str).collect();
        let manifest = match complete[..] {
            ["synthea"] => Manifest::synthea(),
            _ => match Manifest::names(complete.iter().copied()) {
                Ok(manifest) => manifest,
                Err(error) => return wrong("complete", &error, "name kinds of facts"),
            },
        };
        if !matches!(options.format(), Format::Bundle | Format::Ndjson) {
            return wrong("format", &"expected a format", "say how the charts are written");
        }
        Ok(How {
            format: options.format(),
            reading: Reading::new(issued_on).with_manifest(manifest),
            update: options.update,
        })
    }

    fn import(self, hospital: &Hospital, bytes: &[u8]) -> Result<v1::ImportRecordsResponse, Refusal> {
        let importer = Importer::new(self.reading);
        let charts: Vec<PatientChart> = match self.format {
            Format::Bundle => vec![importer.bundle(bytes, "the bundle")?],
            _ => importer.lines(bytes, "the export")?.collect(),
        };
        let mut issuer = hospital.issuer();
        let records = if self.update {
            issuer.update(&charts)?
        } else {
            issuer.import(&charts)?
        };
        let mut report = ImportReport::default();
        charts.iter().for_each(|chart| report.merge(&chart.report));
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(v1::ImportRecordsResponse {
            records: records.iter().map(ToString::to_string).collect(),
            facts: count(report.total_facts()),
            resources: count(report.resources.values().sum()),
            unusable: count(report.unusable.values().flat_map(|reasons| reasons.values()).sum()),
        })
    }
}

impl From<ImportError> for Refusal {
    fn from(error: ImportError) -> Refusal {
        let code = match error.problem {
            Problem::Json(_) => "fhir.json",
            Problem::NoPatient => "fhir.patient",
            _ => "fhir.resource",
        };
        Refusal::invalid(
            code,
            error,
            "nothing of this import was stored: mend it at the place that is named",
        )
    }
}

fn record(summary: Summary) -> v1::Record {
    let version = |version: u64| i64::try_from(version).unwrap_or(i64::MAX);
    v1::Record {
        id: summary.record.to_string(),
        patient: summary.patient.as_str().to_owned(),
        standing: match summary.standing {
            Standing::Unenrolled => Form::Unenrolled,
            Standing::Enrolled => Form::Enrolled,
            Standing::Revoked => Form::Revoked,
        }
        .into(),
        version: version(summary.version),
        anchored_version: version(summary.anchored.unwrap_or_default()),
        issued_on: summary.issued_on.to_string(),
    }
}
