using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail;

/// <summary>What a provider's answer says about itself; of several statements the last one counts.</summary>
internal sealed class ResponseFacts
{
    private const int LongestText = 128;

    /// <summary>The answer's id.</summary>
    public string? Id { get; private set; }

    /// <summary>The model that answered, as the provider names it.</summary>
    public string? Model { get; private set; }

    /// <summary>The service tier that was used.</summary>
    public string? ServiceTier { get; private set; }

    /// <summary>The last usage seen.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>Whether <see cref="Usage"/> stands for the whole call.</summary>
    public bool UsageIsFinal { get; set; }

    /// <summary>
    /// Reads one JSON object: a whole answer, or the data of one event. Broken JSON leaves the facts as they were.
    /// </summary>
    /// <param name="json">The object.</param>
    /// <param name="usageOnly">True where it carries usage and an empty list of choices: the chunk that <c>include_usage</c> adds.</param>
    public void Read(ReadOnlySpan<byte> json, out bool usageOnly)
    {
        usageOnly = false;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return;
            TokenUsage? usage = null;
            string? id = null, model = null, tier = null;
            var hasUsage = false;
            var noChoices = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("usage"u8))
                {
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.StartObject)
                    {
                        hasUsage = true;
                        var copy = reader;
                        reader.Skip();
                        usage = TokenUsage.TryReadOpenAi(ref copy, out var read) ? read : null;
                    }
                    else
                    {
                        reader.Skip();
                    }
                }
                else if (reader.ValueTextEquals("choices"u8))
                {
                    reader.Read();
                    var start = reader.BytesConsumed;
                    noChoices = reader.TokenType == JsonTokenType.StartArray;
                    reader.Skip();
                    // An array without elements ends with the very next token.
                    noChoices = noChoices && json[(int)start..(int)reader.TokenStartIndex].IndexOfAnyExcept(" \t\r\n"u8) < 0;
                }
                else
                {
                    var target = reader.ValueTextEquals("id"u8) ? 1 : reader.ValueTextEquals("model"u8) ? 2 : reader.ValueTextEquals("service_tier"u8) ? 3 : 0;
                    reader.Read();
                    if (target == 0 || reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > LongestText)
                        reader.Skip();
                    else if (target == 1)
                        id = reader.GetString();
                    else if (target == 2)
                        model = reader.GetString();
                    else
                        tier = reader.GetString();
                }
            }
            if (reader.TokenType != JsonTokenType.EndObject)
                return;
            Id = id ?? Id;
            Model = model ?? Model;
            ServiceTier = tier ?? ServiceTier;
            if (hasUsage)
            {
                Usage = usage;
                usageOnly = noChoices;
                UsageIsFinal = noChoices;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON after all: the client sees it as it is, and it proves nothing.
            usageOnly = false;
        }
    }
}
