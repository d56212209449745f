/* sim_tdreport - reports of the simulated TDX module (TDREPORT, 1024 bytes), which the quoting
 * enclave of the same machine makes quotes of.  Room: sim.
 *
 * Little endian; source: Intel TDX Module ABI, TDREPORT_STRUCT.
 *   0     type 0x81 | subtype | version | 0 | 12 reserved | CPUSVN[16] | two hashes of 48 |
 *         REPORTDATA[64] at 128 | 32 reserved | MAC[32] at 224
 *   256   TEE_TCB_INFO: valid[8] | TEE_TCB_SVN[16] | MRSEAM | MRSIGNERSEAM | SEAMATTRIBUTES[8] |
 *         TEE_TCB_SVN2[16] | zeros
 *   512   TDINFO: TDATTRIBUTES[8] | XFAM[8] | MRTD | MRCONFIGID | MROWNER | MROWNERCONFIG | RTMR0
 * to RTMR3 | hash of service TDs The MAC is over the first 224 bytes and what they hash, by a key
 * that is public, as all keys of the simulator are. */
#pragma once
#include "sim_quote.h"

#define SIM_TDREPORT_LEN 1024

void sim_tdreport(const struct td_report *td, const struct report_data *rd,
                  uint8_t ret[static SIM_TDREPORT_LEN]);
/* The TD and the report data of a report.  ERR_VERIFY: the TDX module made no such report. */
MUST_CHECK enum err_code sim_tdreport_check(struct bytes report, struct td_report *ret,
                                            struct report_data *ret_data, struct err *e);
/* What the quoting enclave makes of it, appended to ret; ERR_VERIFY as above. */
MUST_CHECK enum err_code sim_tdreport_quote(const sim_platform *p, struct bytes report,
                                            struct buf *ret, struct err *e);
