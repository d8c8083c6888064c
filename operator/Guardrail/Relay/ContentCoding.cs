using System.IO.Compression;
using System.Net.Http.Headers;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>How an answer's body is coded (RFC 9110, 8.4), as far as it can be undone here. Pure.</summary>
internal static class ContentCoding
{
    /// <summary>The codings of an answer, in lower case, separated by commas; null where it is plain, whatever it calls that.</summary>
    public static string? Of(HttpContentHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Content-Encoding", out var values))
            return null;
        var names = string.Join(',', values)
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(name => name.ToLowerInvariant())
            .Where(name => name is not ("identity" or "none"))
            .ToList();
        return names.Count == 0 ? null : string.Join(',', names);
    }

    /// <summary>Whether a coding can be undone.</summary>
    public static bool IsKnown(string coding) => coding is "gzip" or "x-gzip" or "br" or "deflate";

    /// <summary>The plain bytes of a coded stream.</summary>
    /// <param name="coding">One that <see cref="IsKnown"/> knows.</param>
    /// <param name="from">The coded bytes. It is disposed with the result.</param>
    /// <exception cref="ArgumentOutOfRangeException">The coding is not known.</exception>
    public static Stream Decode(string coding, Stream from) =>
        coding switch
        {
            "gzip" or "x-gzip" => new GZipStream(from, CompressionMode.Decompress),
            "br" => new BrotliStream(from, CompressionMode.Decompress),
            "deflate" => new ZLibStream(from, CompressionMode.Decompress),
            _ => throw new ArgumentOutOfRangeException(nameof(coding), coding, "no coding that can be undone"),
        };
}
