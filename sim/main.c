/* main - teereg-sim, a simulated TDX platform for development.  Room: sim. */
#include <stdio.h>

#include "base/json.h"
#include "cmd.h"
#include "crypto/secret.h"

static const char help[] =
    "teereg-sim: a SIMULATED TDX platform, for development builds of teereg.\n"
    "Nothing that it makes proves anything: the private key of its root is public knowledge.\n"
    "\n"
    "usage:\n"
    "  teereg-sim serve --listen ADDRESS --measurements FILE [--platform SEED] [--form FORM]\n"
    "                   [--fault FAULT]\n"
    "      Answers GET /attest/{128 hex of report data} with a quote of the TD in FILE.  ADDRESS is\n"
    "      127.0.0.1:PORT (0: any free one) or unix:/path.  The first line of its output says\n"
    "      where it listens.  Ends at SIGTERM or SIGINT.  The paths of `pcs` are served there too.\n"
    "  teereg-sim quote --measurements FILE --report-data HEX [--out FILE] [--platform SEED]\n"
    "                   [--form FORM] [--fault FAULT]\n"
    "      Writes one quote, in binary.\n"
    "  teereg-sim measurements --image NAME [--change FIELD[=HEX]]...\n"
    "                   [--out FILE]\n"
    "      Prints the measurements of a TD that booted NAME; --change makes one field another one\n"
    "      (rtmr1, mrtd, ...), as a changed kernel or firmware would.\n"
    "  teereg-sim root [--out FILE]\n"
    "      Prints the throw-away root certificate (PEM), for `teereg evidence verify --root`.\n"
    "  teereg-sim collateral [--platform SEED] [--at UNIX] [--days N] [--status STATUS]\n"
    "                   [--evaluation N] [--update early] [--tee sgx] [--fault FAULT] [--out FILE]\n"
    "      Prints what the simulated vendor says about every simulated platform (revocation lists,\n"
    "      TCB info, QE identity) at that moment, for N days, as a bundle in JSON: for\n"
    "      `teereg evidence verify --collateral` and in a folder for --collateral-dir.\n"
    "  teereg-sim pcs --listen ADDRESS [options of collateral but --out]\n"
    "      Serves the same as Intel's Provisioning Certification Service and a PCCS do: for\n"
    "      --collateral-url.\n"
    "  teereg-sim azure --tpm SOCKET --tpm-control SOCKET --image NAME --out FOLDER\n"
    "                   [--listen ADDRESS] [--platform SEED] [--paravisor NAME] [--change PCR]...\n"
    "                   [--fault FAULT]\n"
    "      A TDX machine of Azure that booted NAME: makes the TPM behind the two Unix sockets of\n"
    "      swtpm a new machine's, stands before it as the paravisor, and serves the metadata\n"
    "      service's POST /acc/tdquote (and /FAULT/acc/tdquote).  The first line of its output says\n"
    "      what --tpm and --imds of `teereg instance provision` are; in FOLDER are then\n"
    "      measurements.json (for `teereg gov set-config`), ak-intermediate.pem (for\n"
    "      --ak-intermediates) and ak-root.pem.  --change (pcr0 to pcr23) extends that PCR once more,\n"
    "      --paravisor names another firmware of the TD.\n"
    "  teereg-sim faults\n"
    "      Lists the ways in which a quote, then collateral, then an Azure machine can be wrong.\n"
    "\n"
    "SEED is any text: the same one is the same machine.  FORM is v4 (default), v5 or v5-td15.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage.\n"
    "\n"
    "example:\n"
    "  teereg-sim measurements --image my-service > my-service.json\n"
    "  teereg-sim serve --listen 127.0.0.1:7600 --measurements my-service.json\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", cmd_serve},   {"quote", cmd_quote}, {"measurements", cmd_measurements},
    {"faults", cmd_faults}, {"root", cmd_root},   {"collateral", cmd_collateral},
    {"pcs", cmd_pcs},       {"azure", cmd_azure},
};

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return argc > 1 && strcmp(argv[1], "help") == 0;
}

int main(int argc, char **argv)
{
    struct err e;

    json_init();
    if (wants_help(argc, argv)) {
        fputs(help, stdout);
        return SIM_DONE;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("teereg-sim " TEEREG_VERSION " (SIMULATED platform, development only)");
        return SIM_DONE;
    }
    if (argc < 2) {
        fputs(help, stderr);
        return SIM_USAGE;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            if (secret_memory_init(&e) != ERR_OK)
                return sim_fail(&e);
            return commands[i].run(argc - 1, argv + 1);
        }
    fprintf(stderr, "teereg-sim: no command '%s'; see `teereg-sim --help`\n", argv[1]);
    return SIM_USAGE;
}
