namespace AgentReadiness.Controller.Certificates;

/// <summary>The keys of the Secret.</summary>
internal static class SecretKeys
{
    public const string Ca = "ca.crt";
    public const string CaKey = "ca.key";
    public const string NextCa = "next-ca.crt";
    public const string NextCaKey = "next-ca.key";
    public const string PreviousCa = "previous-ca.crt";
    public const string Leaf = "tls.crt";
    public const string LeafKey = "tls.key";
    public const string RolledOutAt = "next-ca-spread-at";
    public const string SwitchedAt = "switched-at";

    // The certificates that Helm made in versions before the operator's own. Helm writes them at an upgrade and removes them with the next.
    public const string OldCa = "old-ca.crt";
    public const string OldLeaf = "old-tls.crt";
    public const string OldLeafKey = "old-tls.key";
}
