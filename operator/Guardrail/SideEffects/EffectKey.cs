using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>
/// What makes two calls of a tool the same one. The agent names it, or it follows from the run, the tool and the arguments, so that a call
/// that is repeated within a run has the same key. Immutable.
/// </summary>
/// <param name="Id">Of the call within the guardrail, 64 hexadecimal digits.</param>
/// <param name="Content">
/// Of what is asked for, 64 hexadecimal digits: two calls of one key that ask for different things are a mistake.
/// </param>
/// <param name="Sent">What the tool is given as the key.</param>
internal sealed record EffectKey(string Id, string Content, string Sent)
{
    private const int MaxDepth = 256;

    /// <summary>The longest key that an agent may name, characters.</summary>
    public const int LongestOwn = 255;

    /// <summary>The key that the agent named.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="tool">The tool.</param>
    /// <param name="own">What the agent named.</param>
    /// <param name="content">What is asked for: see <see cref="Canonical"/>.</param>
    /// <remarks>
    /// What the guardrail derived and told is a key like any other: an agent that names it asks about that call.
    /// </remarks>
    public static EffectKey Own(string upstream, string tool, string own, byte[] content) =>
        new(Hash(upstream, tool, own), Hex(content), own);

    /// <summary>The key that follows from the call.</summary>
    /// <param name="run">The run's ID.</param>
    /// <param name="upstream">The upstream.</param>
    /// <param name="tool">The tool.</param>
    /// <param name="content">What is asked for: see <see cref="Canonical"/>.</param>
    public static EffectKey Derived(string run, string upstream, string tool, byte[] content)
    {
        var derived = Hash("run", run, upstream, tool, Hex(content))[..32];
        return Own(upstream, tool, derived, content);
    }

    /// <summary>Whether an agent may name a key so: what one header can carry (RFC 9110, 5.5), without white space at its ends.</summary>
    public static bool IsPassable(string own) =>
        own.Length is > 0 and <= LongestOwn && own.All(c => c is >= ' ' and <= '~') && own.Trim() == own;

    /// <summary>
    /// A JSON text as RFC 8785 writes it, so that neither white space nor the order of members makes another call, but with each number as
    /// exactly as it stands there: two amounts that differ in their last digit are two calls. Null for what is no JSON text, names a member
    /// twice, or holds what no text can.
    /// </summary>
    public static byte[]? Canonical(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MaxDepth });
            var node = JsonNode.Parse(ref reader, new JsonNodeOptions());
            while (reader.Read()) { }
            return CanonicalJson.Serialize(node, ExactNumber.Of);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    // Each part with its length: "a" and "bc" are not "ab" and "c".
    private static string Hash(params ReadOnlySpan<string> parts)
    {
        var whole = new StringBuilder();
        foreach (var part in parts)
            whole.Append(part.Length).Append(':').Append(part);
        return Hex(Encoding.UTF8.GetBytes(whole.ToString()));
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
