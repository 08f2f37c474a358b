/**
 * TEST ONLY: a self-signed certificate for localhost and 127.0.0.1 and its key, public by nature, valid 2020 to 2119. It protects nothing and must never be served elsewhere.
 * Made with `openssl ca -selfsign` on a prime256v1 key.
 */
export const TEST_CERT = `-----BEGIN CERTIFICATE-----
MIIBaDCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjExOTEyMzEyMzU5NTlaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAo3WSnt+xO0JYGg
IirhfovifSFaDEuBV7JMR00+0mxoNTSnRJAFfjiFqvMLTZcgzUE/HdSeOaAelRv+
VVxAOB6jTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBTKG9FoHdIT1MplciGlJuxZNS5AujAKBggqhkjOPQQD
AgNJADBGAiEAj6v+FgS90FIgSFduxcytZ3Ib2tkSy8KN5WbMy95o7d0CIQCbsFXb
620pdbKePXeLTCPQJCKwDsiaUnwyCHjg1rrjKw==
-----END CERTIFICATE-----
`;

export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKNdo3EzK5UJ6jYyn
FRMgqLvyBWjgnOAgOVFkCsj2NL6hRANCAAQKN1kp7fsTtCWBoCIq4X6L4n0hWgxL
gVeyTEdNPtJsaDU0p0SQBX44harzC02XIM1BPx3UnjmgHpUb/lVcQDge
-----END PRIVATE KEY-----
`;
