using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Where a member can be put into the <c>_meta</c> of a JSON-RPC message's parameters.</summary>
/// <param name="At">Behind the brace of <c>_meta</c>, or of the parameters where those have none.</param>
/// <param name="HasMeta">There is a <c>_meta</c>.</param>
/// <param name="IsEmpty">The object that begins there has no member.</param>
internal readonly record struct MetaSpot(int At, bool HasMeta, bool IsEmpty)
{
    /// <summary>Puts the key of a call there.</summary>
    public Splice Put(string key)
    {
        var member = $"\"{ToolMessage.KeyMember}\":\"{JsonEncodedText.Encode(key)}\"";
        var comma = IsEmpty ? "" : ",";
        return Splice.Of(At, 0, HasMeta ? member + comma : $"\"_meta\":{{{member}}}{comma}");
    }
}
