#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "media/room.h"

int64_t monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int address_make(union address *a, const char *ip, uint16_t port)
{
	union address made;

	memset(&made, 0, sizeof(made));
	if (inet_pton(AF_INET, ip, &made.v4.sin_addr) == 1) {
		made.v4.sin_family = AF_INET;
		made.v4.sin_port = htons(port);
	} else if (inet_pton(AF_INET6, ip, &made.v6.sin6_addr) == 1) {
		made.v6.sin6_family = AF_INET6;
		made.v6.sin6_port = htons(port);
	} else {
		return EINVAL;
	}
	*a = made;
	return 0;
}

bool address_same_host(const union address *a, const union address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->any.sa_family == AF_INET6 &&
	       memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

uint16_t address_port(const union address *a)
{
	return ntohs(a->any.sa_family == AF_INET6 ? a->v6.sin6_port : a->v4.sin_port);
}

void address_port_set(union address *a, uint16_t port)
{
	if (a->any.sa_family == AF_INET6)
		a->v6.sin6_port = htons(port);
	else
		a->v4.sin_port = htons(port);
}

bool address_same(const union address *a, const union address *b)
{
	return address_same_host(a, b) && address_port(a) == address_port(b);
}

socklen_t address_len(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

uint64_t address_hash(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return hash_mix((uint64_t)a->v4.sin_addr.s_addr << 16 ^ a->v4.sin_port);
	return hash_bytes(&a->v6.sin6_addr, sizeof(a->v6.sin6_addr)) ^ a->v6.sin6_port;
}

void address_text(const union address *a, char out[64])
{
	char ip[INET6_ADDRSTRLEN] = "?";

	if (a->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->v6.sin6_addr, ip, sizeof(ip));
	else
		inet_ntop(AF_INET, &a->v4.sin_addr, ip, sizeof(ip));
	snprintf(out, 64, "%s port %u", ip, address_port(a));
}
