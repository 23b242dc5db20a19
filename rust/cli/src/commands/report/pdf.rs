//! The report as a PDF, if this build has the feature `pdf`.

use crate::exit::Failure;
use zeek_anomaly_report::ReportView;

/// Fails if this build cannot write PDFs.
pub fn check() -> Result<(), Failure> {
    match cfg!(feature = "pdf") {
        true => Ok(()),
        false => Err(Failure::Said(
            "--pdf: this build of zeek-anomaly cannot write PDFs. Build it with the feature `pdf` \
             (cargo install --path rust/cli --features pdf), or write an HTML page with -o and print it"
                .into(),
        )),
    }
}

/// The report as a PDF.
#[cfg(feature = "pdf")]
pub fn document(view: &ReportView) -> Result<Vec<u8>, Failure> {
    zeek_anomaly_report_pdf::document(view).map_err(|e| Failure::Said(e.to_string()))
}

/// The report as a PDF.
#[cfg(not(feature = "pdf"))]
pub fn document(_: &ReportView) -> Result<Vec<u8>, Failure> {
    check().map(|()| Vec::new())
}
