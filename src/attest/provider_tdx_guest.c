/* /dev/tdx_guest (Linux 6.2 and later) makes a report that only this host can check; the host's
 * Quote Generation Service, over vsock, makes a quote of it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>
#include "attest/evidence.h"
#include "attest/provider.h"
#include "attest/quote.h"
#include "attest/tdx_guest.h"
#include "base/clock.h"
#include "base/fs.h"

#define DEADLINE_MS 30000

/* ---- report, then quote: what tests play ---- */

/* REPORTMACSTRUCT: type at 0, REPORTDATA at 128 (Intel TDX module specification). */
static enum err_code check_report(const uint8_t report[static TDREPORT_LEN],
                                  const struct report_data *rd, struct err *e)
{
    if (report[0] != 0x81)
        return err_set(e, ERR_IO, "a report of type 0x%02x, expected 0x81 (a TD)", report[0]);
    if (!bytes_eq((struct bytes){report + 128, 64}, BYTES(rd->b)))
        return err_set(e, ERR_IO, "a report over other data than was asked for");
    return ERR_OK;
}

enum err_code tdx_guest_quote(const struct tdx_guest *g, const struct report_data *rd,
                              struct buf *ret, struct err *e)
{
    uint64_t deadline = clock_ns(&clock_system) + (uint64_t)g->deadline_ms * 1000000;
    int fd AUTO_CALL(fd_close) = -1;
    uint8_t report[TDREPORT_LEN] = {0};

    TRY_IN(e, g->report(g->self, rd, report, e), "TDREPORT");
    TRY_IN(e, check_report(report, rd, e), "TDREPORT");
    TRY_IN(e, g->connect(g->self, deadline, &fd, e), "Quote Generation Service");
    TRY_IN(e, qgs_exchange(fd, BYTES(report), deadline, ret, e), "Quote Generation Service");
    return ERR_OK;
}

/* ---- the device and the host: what only hardware proves (docs/STATUS.md) ---- */

/* linux/tdx-guest.h, which the headers of Debian 12 do not have yet. */
struct tdx_report_req {
    uint8_t report_data[64];
    uint8_t tdreport[TDREPORT_LEN];
};
#define TDX_CMD_GET_REPORT0 _IOWR('T', 1, struct tdx_report_req)

struct device {
    uint32_t port;
};

static enum err_code device_report(void *self, const struct report_data *rd,
                                   uint8_t ret[static TDREPORT_LEN], struct err *e)
{
    int fd AUTO_CALL(fd_close) = open(PROVIDER_TDX_GUEST_DEVICE, O_RDWR | O_CLOEXEC);
    struct tdx_report_req req = {0};

    (void)self;
    if (fd < 0)
        return err_set(e, ERR_IO,
                       "%s: %s (this must be a TDX guest with Linux 6.2 or later: modprobe "
                       "tdx_guest; run as root)",
                       PROVIDER_TDX_GUEST_DEVICE, strerror(errno));
    memcpy(req.report_data, rd->b, sizeof req.report_data);
    if (ioctl(fd, TDX_CMD_GET_REPORT0, &req) != 0)
        return err_set(e, ERR_IO, "%s: %s", PROVIDER_TDX_GUEST_DEVICE, strerror(errno));
    memcpy(ret, req.tdreport, sizeof req.tdreport);
    return ERR_OK;
}

/* The end of a connect that was in progress: 0 or an errno. */
static int connected(int fd, uint64_t deadline_ns)
{
    uint64_t now = clock_ns(&clock_system);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0, ready;
    socklen_t len = sizeof error;

    if (now >= deadline_ns)
        return ETIMEDOUT;
    ready = poll(&p, 1, (int)((deadline_ns - now) / 1000000 + 1));
    if (ready <= 0)
        return ready == 0 ? ETIMEDOUT : errno;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

static enum err_code device_connect(void *self, uint64_t deadline_ns, int *ret_fd, struct err *e)
{
    const struct device *d = self;
    const struct sockaddr_vm host = {
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = d->port};
    int fd AUTO_CALL(fd_close) = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0;

    if (fd < 0)
        return err_set(e, ERR_IO, "vsock: %s (modprobe vmw_vsock_virtio_transport)",
                       strerror(errno));
    if (connect(fd, (const struct sockaddr *)&host, sizeof host) != 0)
        error = errno == EINPROGRESS ? connected(fd, deadline_ns) : errno;
    if (error != 0)
        return err_set(e, error == ETIMEDOUT ? ERR_TIMEOUT : ERR_UPSTREAM,
                       "vsock to the host, port %u: %s (the host must run qgsd with its port set, "
                       "and give this machine a vsock device)",
                       d->port, strerror(error));
    *ret_fd = fd;
    fd = -1;
    return ERR_OK;
}

static struct tdx_guest guest_of(struct device *d)
{
    return (struct tdx_guest){device_report, device_connect, d, DEADLINE_MS};
}

static enum err_code quote(void *self, const struct report_data *rd, struct buf *ret, struct err *e)
{
    const struct tdx_guest g = guest_of(self);

    return tdx_guest_quote(&g, rd, ret, e);
}

/* Both ends are there; a quote is not asked for. */
static enum err_code check(struct device *d, struct err *e)
{
    uint64_t deadline = clock_ns(&clock_system) + (uint64_t)DEADLINE_MS * 1000000;
    const struct report_data zero = {{0}};
    uint8_t report[TDREPORT_LEN] = {0};
    int fd AUTO_CALL(fd_close) = -1;

    TRY(device_report(d, &zero, report, e));
    TRY(check_report(report, &zero, e));
    return device_connect(d, deadline, &fd, e);
}

enum err_code provider_tdx_guest(uint32_t qgs_port, quote_provider **ret, struct err *e)
{
    AUTO(quote_provider) p = calloc(1, sizeof *p);
    struct device *d = calloc(1, sizeof *d);

    if (p)
        *p = (quote_provider){quote, free, d, EVIDENCE_TYPE_TDX, "tdx-guest"};
    if (!p || !d) {
        if (!p)
            free(d);
        return err_set(e, ERR_NOMEM, "provider of quotes");
    }
    d->port = qgs_port ? qgs_port : PROVIDER_QGS_PORT;
    TRY_IN(e, check(d, e), "tdx-guest");
    *ret = TAKE(p);
    return ERR_OK;
}
