/*
 * libre's random numbers, taken over as its timers are: sip_msg_decode draws 64 bits for each
 * message that comes in, and by OpenSSL that is a fifth of the time of a registration (two system
 * calls among it). The kernel's own numbers are drawn many at once instead, a store a thread; one
 * that has been given is wiped. rand_u16 and rand_u64 rest on it; rand_bytes and rand_str stay
 * OpenSSL's. A child of fork must not draw any: ours become another program at once.
 */
#include <re.h>
#include <sodium.h>

#define STORE 256

uint32_t rand_u32(void)
{
	static _Thread_local uint32_t store[STORE];
	static _Thread_local unsigned left;
	uint32_t v;

	if (!left) {
		randombytes_buf(store, sizeof(store));
		left = STORE;
	}
	v = store[--left];
	store[left] = 0;
	return v;
}
