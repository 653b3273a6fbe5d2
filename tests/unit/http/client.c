#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

int client_connect(uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

_Bool client_send(int fd, const char *text)
{
	size_t len = strlen(text), sent = 0;

	while (sent < len) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n <= 0)
			return 0;
		sent += (size_t)n;
	}
	return 1;
}

int client_read(int fd, char *buf, unsigned cap, const char *until, int ms)
{
	int64_t end_ms = clock_mono_ms() + ms;
	unsigned len = 0;

	buf[0] = '\0';
	while (len + 1 < cap && !(until && strstr(buf, until))) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end_ms - clock_mono_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			break;
		n = recv(fd, buf + len, cap - len - 1, 0);
		if (n <= 0)
			break;
		len += (unsigned)n;
		buf[len] = '\0';
	}
	return (int)len;
}

int client_ask(uint16_t port, const char *request, char *buf, unsigned cap)
{
	int fd = client_connect(port), status = 0;

	if (fd < 0)
		return 0;
	client_send(fd, request);
	client_read(fd, buf, cap, NULL, 3000);
	close(fd);
	sscanf(buf, "HTTP/1.1 %d", &status);
	return status;
}
