using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>
/// What a provider's answer says about itself: fed with a whole answer, or with the data of each event of a stream; of several statements
/// the last one counts. Broken JSON proves nothing and changes nothing.
/// </summary>
/// <param name="api">The wire format.</param>
public sealed class ResponseFacts(UsageApi api)
{
    internal const int LongestText = 128;
    private const int MaxDepth = 256;

    private readonly UsageCounts counts = new(api);
    private TokenUsage? stated;
    private long statedAt;
    private bool hasContent;
    private long wholeBytes;
    private bool terminal;
    private bool finished;
    private bool broken;

    /// <summary>The answer's id.</summary>
    public string? Id { get; private set; }

    /// <summary>The model that answered, as the provider names it.</summary>
    public string? Model { get; private set; }

    /// <summary>The service tier that was used.</summary>
    public string? ServiceTier { get; private set; }

    /// <summary>A Responses answer's status ("completed", "queued", …).</summary>
    public string? Status { get; private set; }

    /// <summary>Where the model ran, as Anthropic says it.</summary>
    public string? Geography { get; private set; }

    /// <summary>
    /// The last usage seen; null where it proves nothing, as no output, or far too little of it, does beside an answer that has some.
    /// </summary>
    public TokenUsage? Usage => stated is { } usage && IsTooLittle(usage.Output) ? null : stated;

    /// <summary>What the provider says that the call cost, in its own unit; null where it does not say.</summary>
    public decimal? StatedCost => counts.StatedCost;

    /// <summary>Whether <see cref="Usage"/> stands for the whole call: nothing came after it that it cannot have counted.</summary>
    public bool IsFinal => Usage is not null && terminal && !broken && (statedAt == ContentBytes || api == UsageApi.Embeddings);

    /// <summary>
    /// Where a member "usage" with the value null stands in the last object read, its name and value, no comma; null where none does.
    /// </summary>
    public Range? NullUsage { get; private set; }

    /// <summary>Bytes of generated text that the events carried so far.</summary>
    public long ContentBytes { get; private set; }

    /// <summary>Events that carried generated text so far.</summary>
    public long ContentEvents { get; private set; }

    /// <summary>A header of the answer says the service tier that was used (Gemini's <c>x-gemini-service-tier</c>).</summary>
    public void Served(string tier) => ServiceTier = tier.Length <= LongestText ? tier : ServiceTier;

    /// <summary>
    /// The answer ended by itself: in formats without a terminal event, the last usage then stands for the whole call, where the answer
    /// said why it ended. One that just stops may have been cut, and its usage be that of the part before.
    /// </summary>
    public void End()
    {
        if (api is not (UsageApi.Messages or UsageApi.Responses))
            terminal = Usage is not null && (terminal || finished || !hasContent);
    }

    /// <summary>The stream said that it is done.</summary>
    public void Done()
    {
        finished = true;
        End();
    }

    /// <summary>A whole answer, not a stream, was read to its end.</summary>
    public void Whole(ReadOnlySpan<byte> json)
    {
        if (!ReadArray(json))
            Read(json, out _);
        // A Responses answer that is queued or in progress has not been billed to its end.
        terminal =
            Usage is not null && (api != UsageApi.Responses || Status is null or "completed" or "incomplete" or "failed" or "cancelled");
    }

    /// <summary>Reads one JSON object: a whole answer, or the data of one event.</summary>
    /// <param name="json">The object.</param>
    /// <param name="usageOnly">True where it carries usage and an empty list of choices: the chunk that <c>include_usage</c> adds.</param>
    public void Read(ReadOnlySpan<byte> json, out bool usageOnly)
    {
        usageOnly = false;
        NullUsage = null;
        var note = default(Note);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !ReadObject(ref reader, json, ref note, depth: 0))
                return;
            // Nothing may follow: of two documents nobody knows which one counts. This throws where something does.
            reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not JSON after all: the client sees it as it is. Counts may be half read by now, so nothing before them holds either.
            if (note.HasUsage)
                stated = null;
            return;
        }
        Id = note.Id ?? Id;
        Model = note.Model ?? Model;
        Status = note.Status ?? Status;
        ServiceTier = note.ServiceTier ?? counts.ServiceTier ?? ServiceTier;
        Geography = counts.Geography ?? Geography;
        hasContent |= note.HasContent;
        wholeBytes = Math.Max(wholeBytes, note.WholeBytes);
        finished |= note.Finished;
        if (note.ContentBytes > 0)
        {
            ContentBytes += note.ContentBytes;
            ContentEvents++;
        }
        broken |= note.IsError;
        if (note.NullUsageEnd > 0 && !note.HasUsage)
            NullUsage = note.NullUsageStart..note.NullUsageEnd;
        if (note.HasUsage)
        {
            stated = note.UsageIsBad ? null : counts.ToUsage();
            if (counts.OutputStands)
                statedAt = ContentBytes;
            usageOnly = api == UsageApi.Chat && note.NoChoices;
        }
        // Usage that came along with choices may grow with the next chunk.
        terminal = api switch
        {
            UsageApi.Chat => note.HasUsage && note.NoChoices,
            UsageApi.Messages or UsageApi.Responses => terminal || note.IsTerminal,
            _ => false,
        };
    }

    /// <summary>Gemini's stream without <c>alt=sse</c> is one array of chunks. False where it is no array.</summary>
    private bool ReadArray(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                Read(json[start..(int)reader.BytesConsumed], out _);
            }
            broken |= reader.TokenType != JsonTokenType.EndArray || reader.Read();
        }
        catch (JsonException)
        {
            broken = true;
        }
        return true;
    }

    private struct Note
    {
        public string? Id;
        public string? Model;
        public string? ServiceTier;
        public string? Status;
        public bool HasUsage;
        public int NullUsageStart;
        public int NullUsageEnd;
        public bool UsageIsBad;
        public bool NoChoices;
        public bool IsTerminal;
        public bool Finished;
        public bool IsError;
        public bool HasContent;
        public long ContentBytes;
        public long WholeBytes;
    }

    /// <summary>Reads an object that stands at the top, or the answer within an event.</summary>
    private bool ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref Note note, int depth)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("usage"u8) || (api == UsageApi.Gemini && reader.ValueTextEquals("usageMetadata"u8)))
            {
                var start = (int)reader.TokenStartIndex;
                ReadUsage(ref reader, ref note);
                if (depth == 0 && reader.TokenType == JsonTokenType.Null)
                    (note.NullUsageStart, note.NullUsageEnd) = (start, (int)reader.BytesConsumed);
            }
            else if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                var start = reader.BytesConsumed;
                var (isList, isNull) = (reader.TokenType == JsonTokenType.StartArray, reader.TokenType == JsonTokenType.Null);
                SumContent(ref reader, ref note, isEvent: true);
                // An array without elements ends with the very next token; some servers write null instead of one.
                note.NoChoices = isNull || isList && json[(int)start..(int)reader.TokenStartIndex].IndexOfAnyExcept(" \t\r\n"u8) < 0;
            }
            else if (
                depth == 0
                && (
                    (api == UsageApi.Responses && reader.ValueTextEquals("response"u8))
                    || (api == UsageApi.Messages && reader.ValueTextEquals("message"u8))
                )
            )
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    if (!ReadObject(ref reader, json, ref note, depth + 1))
                        return false;
                }
                else
                {
                    reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("delta"u8))
            {
                ReadDelta(ref reader, ref note);
            }
            else if (reader.ValueTextEquals("candidates"u8) || reader.ValueTextEquals("content_block"u8))
            {
                reader.Read();
                SumContent(ref reader, ref note, isEvent: true);
            }
            else if (IsWhole(ref reader))
            {
                reader.Read();
                SumContent(ref reader, ref note, isEvent: false);
                reader.Skip();
            }
            else
            {
                ReadText(ref reader, ref note, depth);
            }
        }
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private void ReadUsage(ref Utf8JsonReader reader, ref Note note)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        note.HasUsage = true;
        var copy = reader;
        reader.Skip();
        note.UsageIsBad = !counts.Read(ref copy);
    }

    /// <summary>
    /// The change that an event brings: text in Responses, an object elsewhere. Anthropic's last one says why the model stopped.
    /// </summary>
    private void ReadDelta(ref Utf8JsonReader reader, ref Note note)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            note.ContentBytes += reader.ValueSpan.Length;
            note.HasContent |= reader.ValueSpan.Length > 0;
        }
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        var copy = reader;
        SumContent(ref reader, ref note, isEvent: true);
        if (api != UsageApi.Messages)
            return;
        while (copy.Read() && copy.TokenType == JsonTokenType.PropertyName)
        {
            var isReason = copy.ValueTextEquals("stop_reason"u8);
            copy.Read();
            note.IsTerminal |= isReason && copy.TokenType == JsonTokenType.String;
            copy.Skip();
        }
    }

    private void ReadText(ref Utf8JsonReader reader, ref Note note, int depth)
    {
        var isType = depth == 0 && reader.ValueTextEquals("type"u8);
        // A Responses answer that failed says why, and is still billed: its usage counts.
        var isError = depth == 0 && api != UsageApi.Responses && reader.ValueTextEquals("error"u8);
        var target =
            reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("responseId"u8) ? 1
            : reader.ValueTextEquals("model"u8) || reader.ValueTextEquals("modelVersion"u8) ? 2
            : reader.ValueTextEquals("service_tier"u8) ? 3
            : api == UsageApi.Responses && reader.ValueTextEquals("status"u8) ? 4
            : 0;
        reader.Read();
        note.IsError |= isError && reader.TokenType == JsonTokenType.StartObject;
        if (isType && reader.TokenType == JsonTokenType.String)
        {
            note.IsError |= api == UsageApi.Messages && reader.ValueTextEquals("error"u8);
            note.IsTerminal |=
                api == UsageApi.Responses
                && (
                    reader.ValueTextEquals("response.completed"u8)
                    || reader.ValueTextEquals("response.incomplete"u8)
                    || reader.ValueTextEquals("response.failed"u8)
                    || reader.ValueTextEquals("response.cancelled"u8)
                );
        }
        if (target == 0 || reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > LongestText)
        {
            reader.Skip();
            return;
        }
        var text = reader.GetString();
        switch (target)
        {
            case 1:
                note.Id = text;
                break;
            case 2:
                note.Model = text;
                break;
            case 3:
                note.ServiceTier = text;
                break;
            default:
                note.Status = text;
                break;
        }
    }

    /// <summary>An answer with content has output, and no token stands for more text than the longest one.</summary>
    private bool IsTooLittle(long output)
    {
        if (api == UsageApi.Embeddings)
            return false;
        // The output of Responses also holds what was found in files, which is no output of the model.
        var text = api == UsageApi.Responses ? ContentBytes : Math.Max(ContentBytes, wholeBytes);
        return (output == 0 && hasContent) || text / TokenUsage.LongestToken > output;
    }

    /// <summary>A name under which a whole answer, or the last event of a stream, has all its content once more.</summary>
    private bool IsWhole(ref Utf8JsonReader reader) =>
        api switch
        {
            UsageApi.Messages => reader.ValueTextEquals("content"u8),
            UsageApi.Responses => reader.ValueTextEquals("output"u8),
            _ => false,
        };

    /// <summary>Looks for generated content in a value, and ends on the value's last token.</summary>
    /// <param name="reader">Stands on the value.</param>
    /// <param name="note">Takes what is found.</param>
    /// <param name="isEvent">It is new, and adds to what there was.</param>
    private static void SumContent(ref Utf8JsonReader reader, ref Note note, bool isEvent)
    {
        if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject))
            return;
        var depth = reader.CurrentDepth;
        var (isText, isOther, isReason) = (false, false, false);
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                isText =
                    reader.ValueTextEquals("content"u8)
                    || reader.ValueTextEquals("text"u8)
                    || reader.ValueTextEquals("thinking"u8)
                    || reader.ValueTextEquals("partial_json"u8)
                    || reader.ValueTextEquals("arguments"u8)
                    || reader.ValueTextEquals("refusal"u8)
                    || reader.ValueTextEquals("reasoning_content"u8)
                    || reader.ValueTextEquals("reasoning"u8);
                isReason = reader.ValueTextEquals("finish_reason"u8) || reader.ValueTextEquals("finishReason"u8);
                // A call of a tool without arguments, an image, a sound.
                isOther = reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("data"u8);
            }
            else if (reader.TokenType == JsonTokenType.String && isReason)
            {
                note.Finished = true;
            }
            else if (reader.TokenType == JsonTokenType.String && (isText || isOther))
            {
                note.HasContent |= reader.ValueSpan.Length > 0;
                if (isText && isEvent)
                    note.ContentBytes += reader.ValueSpan.Length;
                else if (isText)
                    note.WholeBytes += reader.ValueSpan.Length;
            }
        }
    }
}
