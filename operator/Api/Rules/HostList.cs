namespace AgentReadiness.Api.Rules;

/// <summary>
/// The hosts that a Secret's owner lets its key be sent to, as the annotation says them: entries with commas or spaces between, each
/// "[http[s]://]host[:port]", where a host may begin with "*." for all names below. Without a scheme it is https, without a port the
/// scheme's own.
/// </summary>
public static class HostList
{
    private const int LongestList = 4096;

    /// <summary>Whether a list has the host of a URL. A list or a URL that cannot be read has none.</summary>
    public static bool Allows(string? list, string url) =>
        list is { Length: <= LongestList }
        && Uri.TryCreate(url, UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https"
        && list.Split([',', ' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Any(entry => IsEntryOf(entry, address));

    private static bool IsEntryOf(string entry, Uri address)
    {
        var text = entry.Contains("://", StringComparison.Ordinal) ? entry : $"https://{entry}";
        var wild = text.IndexOf("://*.", StringComparison.Ordinal);
        // A letter in place of the star makes a host of it that can be read as one.
        if (wild > 0)
            text = string.Concat(text.AsSpan(0, wild + 3), "x", text.AsSpan(wild + 4));
        if (
            !Uri.TryCreate(text, UriKind.Absolute, out var listed)
            || listed.Scheme != address.Scheme
            || listed.Port != address.Port
            || listed.UserInfo.Length > 0
            || listed.PathAndQuery != "/"
            || listed.Fragment.Length > 0
        )
            return false;
        if (wild < 0)
            return listed.IdnHost.Equals(address.IdnHost, StringComparison.OrdinalIgnoreCase);
        // "*.com" would be everybody's.
        var parent = listed.IdnHost[1..];
        return parent.Count(letter => letter == '.') >= 2
            && address.HostNameType == UriHostNameType.Dns
            && address.IdnHost.Length > parent.Length
            && address.IdnHost.EndsWith(parent, StringComparison.OrdinalIgnoreCase);
    }
}
