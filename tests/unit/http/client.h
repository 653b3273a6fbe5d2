/* A client that sends exactly the bytes it is told to. */
#ifndef TEST_HTTP_CLIENT_H
#define TEST_HTTP_CLIENT_H

#include <stdint.h>

#define CLIENT_BYTES (256u << 10)

/* A blocking connection to the loopback, -1 when there is none. */
int client_connect(uint16_t port);
/* Sends all of text; false when the other end is closed. */
_Bool client_send(int fd, const char *text);
/* Reads until what came contains `until` (NULL: until the end), or ms have passed. Returns how
 * many bytes came, terminated with 0. */
int client_read(int fd, char *buf, unsigned cap, const char *until, int ms);
/* One request on a connection of its own; the whole answer in buf; its status, 0 none. */
int client_ask(uint16_t port, const char *request, char *buf, unsigned cap);

#endif
