#include "sim_paravisor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rd.h"
#include "sim_vtpm.h"

#define MESSAGE_MAX 4096 /* of a TPM; swtpm's buffer */
#define HEAD        10   /* u16 tag | u32 size | u32 code */
#define CHUNK       1024
#define WAIT_MS     100
#define PORT_TRIES  50

enum { CC_NV_WRITE = 0x137, CC_NV_READ = 0x14e, CC_QUOTE = 0x158, RH_OWNER = 0x40000001 };

/* One end that listens, and the Unix socket that it leads to. */
struct channel {
    int listener;
    struct sockaddr_un to;
    pthread_t thread;
    bool started;
};

struct sim_paravisor {
    struct channel commands, control;
    enum sim_azure_fault fault;
    atomic_bool ends;
    pthread_mutex_t lock; /* machine */
    const struct sim_hcl *machine;
    /* Of the thread that serves commands. */
    bool pending; /* user data that no report shows yet */
    struct report_data user_data;
    unsigned looks;
    struct buf first_quote; /* for the fault tpm-stale */
};

/* ---- sockets ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Something to read, or an end, on a (and b, unless it is -1); false: this paravisor ends. */
static bool wait_for(sim_paravisor *p, int a, int b, bool *ret_a, bool *ret_b)
{
    struct pollfd fds[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};

    while (!atomic_load(&p->ends)) {
        int n = poll(fds, 2, WAIT_MS);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            *ret_a = fds[0].revents != 0;
            *ret_b = fds[1].revents != 0;
            return true;
        }
    }
    return false;
}

static bool read_all(sim_paravisor *p, int fd, uint8_t *at, size_t n)
{
    bool ready, ignored;

    while (n > 0) {
        ssize_t got;

        if (!wait_for(p, fd, -1, &ready, &ignored))
            return false;
        got = recv(fd, at, n, 0);
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static bool send_all(int fd, struct bytes data)
{
    while (data.n > 0) {
        ssize_t sent = send(fd, data.p, data.n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        data.p += sent;
        data.n -= (size_t)sent;
    }
    return true;
}

static int connect_to(const struct sockaddr_un *to)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof *to) != 0)
        close_fd(&fd);
    return fd;
}

/* ---- messages of a TPM ---- */

static bool read_message(sim_paravisor *p, int fd, struct buf *ret)
{
    struct rd r;
    uint32_t size;

    buf_clear(ret);
    buf_reserve(ret, MESSAGE_MAX);
    if (!ret->p || !read_all(p, fd, ret->p, HEAD))
        return false;
    r = rd_of((struct bytes){ret->p + 2, 4});
    size = rd_u32be(&r);
    if (size < HEAD || size > MESSAGE_MAX || !read_all(p, fd, ret->p + HEAD, size - HEAD))
        return false;
    ret->n = size;
    return true;
}

static bool ask(sim_paravisor *p, int tpm, struct bytes message, struct buf *answer)
{
    return send_all(tpm, message) && read_message(p, tpm, answer);
}

static bool succeeded(struct bytes answer)
{
    return answer.n >= HEAD && bytes_all_zero((struct bytes){answer.p + 6, 4});
}

/* What is of interest about a command; 0 where it has none. */
struct command {
    uint32_t code, index;
    uint16_t offset;
    struct bytes data; /* that NV_Write writes */
};

static struct command look_at(struct bytes message)
{
    struct rd r = rd_of(message);
    struct command c = {0};

    rd_take(&r, 6);
    c.code = rd_u32be(&r);
    if (c.code != CC_NV_WRITE && c.code != CC_NV_READ)
        return c;
    rd_u32be(&r); /* who authorises it */
    c.index = rd_u32be(&r);
    rd_take(&r, rd_u32be(&r));
    if (c.code == CC_NV_WRITE)
        c.data = rd_take(&r, rd_u16be(&r));
    else
        rd_u16be(&r);
    c.offset = rd_u16be(&r);
    return rd_ok(&r) ? c : (struct command){0};
}

/* ---- the paravisor's own part ---- */

static bool write_part(sim_paravisor *p, int tpm, struct bytes part, size_t at, struct err *e)
{
    struct buf m AUTO_CALL(buf_done) = BUF(MESSAGE_MAX);
    struct buf answer AUTO_CALL(buf_done) = BUF(MESSAGE_MAX);

    buf_put_u16be(&m, 0x8002); /* with sessions */
    buf_put_u32be(&m, (uint32_t)(HEAD + 8 + 13 + 2 + part.n + 2));
    buf_put_u32be(&m, CC_NV_WRITE);
    buf_put_u32be(&m, RH_OWNER);
    buf_put_u32be(&m, SIM_VTPM_HCL_REPORT);
    buf_put_u32be(&m, 9); /* an empty password */
    buf_put_u32be(&m, 0x40000009);
    buf_put_zero(&m, 5);
    buf_put_u16be(&m, (uint16_t)part.n);
    buf_put(&m, part);
    buf_put_u16be(&m, (uint16_t)at);
    if (buf_check(&m, e) != ERR_OK)
        return false;
    if (!ask(p, tpm, buf_bytes(&m), &answer) || !succeeded(buf_bytes(&answer))) {
        err_set(e, ERR_IO, "the TPM does not take it");
        return false;
    }
    return true;
}

static bool write_report(sim_paravisor *p, int tpm, struct err *e)
{
    struct buf report AUTO_CALL(buf_done) = BUF(SIM_VTPM_NV_MAX);
    const struct sim_hcl *machine;

    pthread_mutex_lock(&p->lock);
    machine = p->machine;
    pthread_mutex_unlock(&p->lock);
    if (!machine)
        return true;
    if (sim_hcl_report(machine, &p->user_data, p->fault, &report, e) != ERR_OK)
        return false;
    buf_put_zero(&report, SIM_VTPM_NV_MAX - report.n);
    if (buf_check(&report, e) != ERR_OK)
        return false;
    for (size_t at = 0; at < report.n; at += CHUNK)
        if (!write_part(p, tpm, (struct bytes){report.p + at, CHUNK}, at, e))
            return false;
    return true;
}

static bool before(sim_paravisor *p, const struct command *c, int tpm)
{
    struct err e;

    if (c->code != CC_NV_READ || c->index != SIM_VTPM_HCL_REPORT || c->offset != 0 || !p->pending ||
        ++p->looks < 2)
        return true;
    p->pending = false;
    if (write_report(p, tpm, &e))
        return true;
    log_error("paravisor", LOG_STR("hcl_report", e.msg));
    return false;
}

static void after(sim_paravisor *p, const struct command *c, struct buf *answer)
{
    if (!succeeded(buf_bytes(answer)))
        return;
    if (c->code == CC_NV_WRITE && c->index == SIM_VTPM_USER_DATA &&
        c->data.n <= sizeof p->user_data.b) {
        memset(&p->user_data, 0, sizeof p->user_data);
        memcpy(p->user_data.b, c->data.p, c->data.n);
        p->pending = true;
        p->looks = 0;
    }
    if (c->code != CC_QUOTE || p->fault != SIM_TPM_STALE)
        return;
    if (p->first_quote.n == 0)
        buf_put(&p->first_quote, buf_bytes(answer));
    buf_clear(answer);
    buf_put(answer, buf_bytes(&p->first_quote));
}

static void serve_commands(sim_paravisor *p, int client, int tpm)
{
    struct buf message AUTO_CALL(buf_done) = BUF(MESSAGE_MAX);
    struct buf answer AUTO_CALL(buf_done) = BUF(MESSAGE_MAX);

    while (read_message(p, client, &message)) {
        const struct command c = look_at(buf_bytes(&message));

        if (!before(p, &c, tpm) || !ask(p, tpm, buf_bytes(&message), &answer))
            return;
        after(p, &c, &answer);
        if (!send_all(client, buf_bytes(&answer)))
            return;
    }
}

/* ---- the control channel: bytes, until one side ends ---- */

static bool pass(int from, int to)
{
    uint8_t some[1024];
    ssize_t n = recv(from, some, sizeof some, 0);

    return n > 0 && send_all(to, (struct bytes){some, (size_t)n});
}

static void serve_control(sim_paravisor *p, int client, int tpm)
{
    bool from_client, from_tpm;

    while (wait_for(p, client, tpm, &from_client, &from_tpm))
        if ((from_client && !pass(client, tpm)) || (from_tpm && !pass(tpm, client)))
            return;
}

/* ---- threads ---- */

static void serve(sim_paravisor *p, struct channel *c,
                  void (*talk)(sim_paravisor *p, int client, int tpm))
{
    bool ready, ignored;

    while (wait_for(p, c->listener, -1, &ready, &ignored)) {
        int client = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC), tpm = connect_to(&c->to);

        if (client >= 0 && tpm >= 0)
            talk(p, client, tpm);
        else
            log_error("paravisor", LOG_STR("connection", c->to.sun_path));
        close_fd(&client);
        close_fd(&tpm);
    }
}

static void *run_commands(void *self)
{
    sim_paravisor *p = self;

    serve(p, &p->commands, serve_commands);
    return NULL;
}

static void *run_control(void *self)
{
    sim_paravisor *p = self;

    serve(p, &p->control, serve_control);
    return NULL;
}

/* Signals are for the thread that started us. */
static enum err_code begin(sim_paravisor *p, struct channel *c, void *(*run)(void *), struct err *e)
{
    sigset_t all, before_;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
    rc = pthread_create(&c->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before_, NULL);
    if (rc != 0)
        return err_set(e, ERR_NOMEM, "no thread for a paravisor");
    c->started = true;
    return ERR_OK;
}

/* ---- begin and end ---- */

static int listen_at(uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, 16) != 0 ||
                    getsockname(fd, (struct sockaddr *)&a, &n) != 0))
        close_fd(&fd);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

/* Two ports in a row, as the TCTI expects them. */
static enum err_code listen_pair(sim_paravisor *p, uint16_t *ret_port, struct err *e)
{
    uint16_t next;

    for (int i = 0; i < PORT_TRIES; i++) {
        p->commands.listener = listen_at(0, ret_port);
        if (p->commands.listener >= 0 && *ret_port < UINT16_MAX)
            p->control.listener = listen_at((uint16_t)(*ret_port + 1), &next);
        if (p->control.listener >= 0)
            return ERR_OK;
        close_fd(&p->commands.listener);
    }
    return err_set(e, ERR_IO, "no two free ports in a row at 127.0.0.1");
}

static enum err_code lead_to(struct channel *c, const char *path, struct err *e)
{
    int fd;

    c->to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof c->to.sun_path)
        return err_set(e, ERR_INVALID, "%s: too long for a Unix socket", path);
    snprintf(c->to.sun_path, sizeof c->to.sun_path, "%s", path);
    fd = connect_to(&c->to);
    if (fd < 0)
        return err_set(e, ERR_IO, "%s: %s (is swtpm running there?)", path, strerror(errno));
    close_fd(&fd);
    return ERR_OK;
}

enum err_code sim_paravisor_start(const char *tpm, const char *control, enum sim_azure_fault fault,
                                  sim_paravisor **ret, uint16_t *ret_port, struct err *e)
{
    AUTO(sim_paravisor) p = calloc(1, sizeof *p);

    if (!p)
        return err_set(e, ERR_NOMEM, "paravisor");
    p->commands.listener = p->control.listener = -1;
    p->fault = fault;
    p->first_quote = BUF(MESSAGE_MAX);
    pthread_mutex_init(&p->lock, NULL);
    TRY(lead_to(&p->commands, tpm, e));
    TRY(lead_to(&p->control, control, e));
    TRY(listen_pair(p, ret_port, e));
    TRY(begin(p, &p->commands, run_commands, e));
    TRY(begin(p, &p->control, run_control, e));
    *ret = TAKE(p);
    return ERR_OK;
}

void sim_paravisor_report_of(sim_paravisor *p, const struct sim_hcl *m)
{
    pthread_mutex_lock(&p->lock);
    p->machine = m;
    pthread_mutex_unlock(&p->lock);
}

void sim_paravisor_free(sim_paravisor *p)
{
    if (!p)
        return;
    atomic_store(&p->ends, true);
    if (p->commands.started)
        pthread_join(p->commands.thread, NULL);
    if (p->control.started)
        pthread_join(p->control.thread, NULL);
    close_fd(&p->commands.listener);
    close_fd(&p->control.listener);
    pthread_mutex_destroy(&p->lock);
    buf_done(&p->first_quote);
    free(p);
}
