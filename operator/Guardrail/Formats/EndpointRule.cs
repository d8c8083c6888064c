using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// An endpoint that a format knows: a method and a pattern of its path. A segment of the pattern is a text, or "{model}" or "{id}" for one
/// plain name, which a text may follow ("{model}:countTokens"), or at the end "{model+}" for one or more of them.
/// </summary>
/// <param name="Method">The method, exactly.</param>
/// <param name="Pattern">The path below the version, with a slash at its start.</param>
/// <param name="Kind">What becomes of a request.</param>
internal sealed record EndpointRule(string Method, string Pattern, EndpointKind Kind)
{
    private readonly Segment[] segments = [.. Pattern.Split('/').Skip(1).Select(Segment.Parse)];

    /// <summary>The format of its answers.</summary>
    public UsageApi Api { get; init; }

    /// <summary>The path asks for a stream.</summary>
    public bool Stream { get; init; }

    /// <summary>Whether a request is for this endpoint.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="path">Its path below the version, as it was sent.</param>
    /// <param name="endpoint">The endpoint with what its path names.</param>
    public bool TryMatch(string method, ReadOnlySpan<char> path, out UpstreamEndpoint endpoint)
    {
        endpoint = default;
        if (method != Method || path.Length == 0 || path[0] != '/')
            return false;
        var rest = path[1..];
        var named = default(ReadOnlySpan<char>);
        var isModel = false;
        for (var i = 0; i < segments.Length; i++)
        {
            var segment = segments[i];
            var slash = rest.IndexOf('/');
            var text = slash < 0 || segment.IsRest ? rest : rest[..slash];
            if (!segment.Matches(text, out var name))
                return false;
            if (segment.Name is not null)
            {
                named = name;
                isModel = segment.Name == "model";
            }
            var isLast = i == segments.Length - 1;
            if (slash < 0 || segment.IsRest)
            {
                if (!isLast)
                    return false;
                var value = named.IsEmpty ? null : Uri.UnescapeDataString(named.ToString());
                endpoint = new UpstreamEndpoint(Kind, path.ToString())
                {
                    Api = Api,
                    Stream = Stream,
                    Model = isModel ? value : null,
                    Id = isModel ? null : value,
                };
                return true;
            }
            if (isLast)
                return false;
            rest = rest[(slash + 1)..];
        }
        return false;
    }

    private sealed record Segment(string Text, string? Name, bool IsRest)
    {
        public static Segment Parse(string text)
        {
            if (text.Length == 0 || text[0] != '{')
                return new Segment(text, null, false);
            var end = text.IndexOf('}', StringComparison.Ordinal);
            var name = text[1..end];
            return new Segment(text[(end + 1)..], name.TrimEnd('+'), name.EndsWith('+'));
        }

        public bool Matches(ReadOnlySpan<char> text, out ReadOnlySpan<char> name)
        {
            name = default;
            if (Name is null)
                return text.SequenceEqual(Text);
            if (!text.EndsWith(Text))
                return false;
            name = text[..^Text.Length];
            // A model's name may have a slash in it, coded; no answer's ID needs anything coded.
            if (Name == "id" && name.Contains('%'))
                return false;
            if (!IsRest)
                return PathSegments.IsName(name);
            foreach (var range in name.Split('/'))
            {
                if (!PathSegments.IsName(name[range]))
                    return false;
            }
            return true;
        }
    }
}
