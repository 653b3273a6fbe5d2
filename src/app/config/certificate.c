#include "app/config/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "app/config/scalar.h"
#include "base/text.h"

static int extension_add(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok ? 0 : EIO;
}

static int names_add(X509 *cert, const char *const *names)
{
	char san[1024] = "";

	/* an address stands as a name too: some phones (mbedtls) look at names only */
	for (unsigned i = 0; names[i]; i++) {
		if (scalar_is_address(names[i]) &&
		    text_append(san, sizeof(san), "%sIP:%s", i ? "," : "", names[i]))
			return EIO;
		if (!strchr(names[i], ':') &&
		    text_append(san, sizeof(san), "%sDNS:%s", san[0] ? "," : "", names[i]))
			return EIO;
	}
	return extension_add(cert, NID_subject_alt_name, san);
}

static int certificate_fill(X509 *cert, EVP_PKEY *key, const char *const *names)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	unsigned char serial[16];
	BIGNUM *number;
	int ok;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return EIO;
	serial[0] &= 0x7F; /* positive (RFC 5280, 4.1.2.2) */
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) &&
	     X509_set_version(cert, 2) && X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	     X509_time_adj_ex(X509_getm_notAfter(cert), CERTIFICATE_DAYS, 0, NULL) &&
	     X509_set_pubkey(cert, key) &&
	     X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					(const unsigned char *)names[0], -1, -1, 0) &&
	     X509_set_issuer_name(cert, subject);
	BN_free(number);
	if (!ok || names_add(cert, names) ||
	    extension_add(cert, NID_basic_constraints, "critical,CA:FALSE") ||
	    extension_add(cert, NID_key_usage, "critical,digitalSignature") ||
	    extension_add(cert, NID_ext_key_usage, "serverAuth,clientAuth"))
		return EIO;
	return X509_sign(cert, key, EVP_sha256()) ? 0 : EIO;
}

int certificate_write(const char *path, const char *const *names)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *f = NULL;
	int err = key && cert ? certificate_fill(cert, key, names) : EIO, fd;

	if (err)
		goto out;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		err = errno;
		goto out;
	}
	if (!PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) || !PEM_write_X509(f, cert))
		err = EIO;
	if (fclose(f))
		err = errno;
	if (err)
		unlink(path);
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	return err;
}
