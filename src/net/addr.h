/* addr - socket addresses as text, as keys of limits, and what network they are of.  Room: net. */
#pragma once
#include <sys/socket.h>
#include "base/bytes.h"
#include "base/err.h"

#define NET_PEER_LEN 48
#define NET_KEY_LEN  16

/* "203.0.113.7", "2001:db8::1" (an IPv4 address inside IPv6 as IPv4), "unix". */
void net_addr_text(const struct sockaddr *a, char ret[static NET_PEER_LEN]);
/* What limits count by: an IPv4 address, or the /64 of an IPv6 address. */
void net_addr_key(const struct sockaddr *a, uint8_t ret[static NET_KEY_LEN]);
bool net_addr_is_loopback(const struct sockaddr *a);
/* Globally reachable by the registries of RFC 6890 (IANA special-purpose addresses); also false for
 * addresses that carry a private IPv4 one inside (mapped, 6to4, NAT64) (SR-46). */
bool net_addr_is_global(const struct sockaddr *a);
/* Numeric "127.0.0.1:80" or "[::1]:0"; the port must be there. */
MUST_CHECK enum err_code net_addr_read(const char *text, struct sockaddr_storage *ret,
                                       socklen_t *ret_len, struct err *e);
