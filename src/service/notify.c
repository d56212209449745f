#include "service/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fs.h"

enum err_code notify_send(const char *socket_name, const char *state, struct err *e)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = strlen(socket_name), text = strlen(state);
    socklen_t len;
    int fd AUTO_CALL(fd_close) = -1;

    if (n < 2 || n >= sizeof to.sun_path || (*socket_name != '/' && *socket_name != '@'))
        return err_set(e, ERR_INVALID, "NOTIFY_SOCKET: found \"%.80s\", expected a path or @name",
                       socket_name);
    memcpy(to.sun_path, socket_name, n);
    if (*to.sun_path == '@')
        *to.sun_path = 0;
    len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || sendto(fd, state, text, MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
        return err_set(e, ERR_IO, "notify systemd at %.80s: %s", socket_name, strerror(errno));
    return ERR_OK;
}

void notify_systemd(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct err ignored;

    if (name)
        (void)!notify_send(name, state, &ignored);
}
