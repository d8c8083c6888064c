namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// What stands in a request line, as it was sent (RFC 9112, 3.2.1, origin-form). Nothing of it is decoded, so what is looked at here is
/// what the upstream gets.
/// </summary>
/// <param name="Path">From the first slash to the question mark.</param>
/// <param name="Query">The question mark and what follows it; empty where there is none.</param>
internal readonly record struct RequestTarget(string Path, string Query)
{
    /// <summary>
    /// Reads a target; null where it is in another form, or holds what no path or query may hold: control characters, "#", no ASCII.
    /// </summary>
    public static RequestTarget? Read(string raw)
    {
        if (
            raw.Length == 0
            || raw[0] != '/'
            || raw.AsSpan().ContainsAnyExceptInRange('!', '~')
            || raw.Contains('#', StringComparison.Ordinal)
        )
            return null;
        var question = raw.IndexOf('?', StringComparison.Ordinal);
        return question < 0 ? new RequestTarget(raw, "") : new RequestTarget(raw[..question], raw[question..]);
    }
}
