using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AgentReadiness.Api.Schema;

/// <summary>JSON trees as YAML text, keys in their order; the same tree always gives the same text.</summary>
public static partial class YamlText
{
    /// <summary>Writes a tree as one YAML document.</summary>
    public static string Write(JsonNode node)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: 4000, isCanonical: false, maxSimpleKeyLength: 256));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart());
        Emit(emitter, node);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    // A text that is not plainly a word is quoted. Without quotes 1.20, yes and 0.95 would be read back as a number or a boolean.
    private static bool IsPlain(string text) => Words().IsMatch(text) && !Reserved().IsMatch(text);

    [GeneratedRegex(@"^[A-Za-z.][-A-Za-z0-9/._]*$")]
    private static partial Regex Words();

    [GeneratedRegex("^(true|false|yes|no|on|off|y|n|null|\\.|\\.(inf|nan))$", RegexOptions.IgnoreCase)]
    private static partial Regex Reserved();

    private static void Emit(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                emitter.Emit(
                    new MappingStart(AnchorName.Empty, TagName.Empty, true, members.Count == 0 ? MappingStyle.Flow : MappingStyle.Block)
                );
                foreach (var (key, value) in members)
                {
                    emitter.Emit(new Scalar(key));
                    Emit(emitter, value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonArray items:
                emitter.Emit(
                    new SequenceStart(AnchorName.Empty, TagName.Empty, true, items.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block)
                );
                foreach (var item in items)
                    Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                var text = value.GetValue<string>();
                emitter.Emit(
                    new Scalar(
                        AnchorName.Empty,
                        TagName.Empty,
                        text,
                        IsPlain(text) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted,
                        true,
                        true
                    )
                );
                break;
            default:
                emitter.Emit(new Scalar(node?.ToJsonString() ?? "null"));
                break;
        }
    }
}
