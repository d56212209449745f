#include "cli/admin.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/http_client.h"

#define ANSWER_MAX (1 << 20)

enum err_code cli_admin_call(const char *socket, const char *method, const char *path, json **ret,
                             struct err *e)
{
    const struct http_client_config config = {
        .allow_http = true, .allow_private = true, .unix_socket = socket, .total_ms = 10000};
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct buf url AUTO_CALL(buf_done) = BUF(128);
    AUTO(http_client) client = NULL;

    buf_printf(&url, "http://localhost%s", path);
    TRY(buf_check(&url, e));
    const struct http_call call = {.method = method, .url = buf_cstr(&url)};

    TRY(http_client_new(&config, &client, e));
    if (access(socket, F_OK) != 0)
        return err_set(e, ERR_UPSTREAM,
                       "admin socket %s: %s (is the KMS running? --admin "
                       "names its socket)",
                       socket, strerror(errno));
    TRY_IN(e, http_client_do(client, &call, &answer, e), "admin socket %s (is the KMS running?)",
           socket);
    if (answer.status != 200)
        return err_set(e, ERR_UPSTREAM, "admin socket %s: status %u", socket, answer.status);
    TRY_IN(e, json_parse(buf_bytes(&answer.body), ANSWER_MAX, ret, e), "admin socket");
    return ERR_OK;
}
