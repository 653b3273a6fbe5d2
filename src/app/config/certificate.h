/* A self-signed TLS certificate for one's own switchboard: EC P-256, SHA-256, names in SAN. */
#ifndef APP_CONFIG_CERTIFICATE_H
#define APP_CONFIG_CERTIFICATE_H

#define CERTIFICATE_DAYS 3650

/* Writes key and certificate, PEM, in one new file (mode 0600). names ends with NULL; an IP address
 * becomes an IP entry, all else a DNS one. Errors: EEXIST, others of open and write, EIO when
 * OpenSSL fails. */
int certificate_write(const char *path, const char *const *names);

#endif
