using System.Globalization;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>What the guardrail must know about a model call, read from its body in one pass. Offsets are into the body.</summary>
internal sealed class MeteredRequest
{
    /// <summary>Tokens that a message adds beside its bytes: role markers and separators.</summary>
    public const int TokensPerMessage = 16;

    /// <summary>Tokens that a request adds beside its messages.</summary>
    public const int TokensPerRequest = 64;

    /// <summary>Tokens that a provider's own instructions for tools add: Anthropic's take up to 735 for one of its own tools.</summary>
    public const int TokensPerToolPrompt = 1024;

    /// <summary>The model as named.</summary>
    public string Model { get; set; } = "";

    /// <summary>Where the body names the model: its text with the quotation marks. Of length 0 where the body names none.</summary>
    public (int Offset, int Length) ModelAt { get; set; }

    /// <summary>The deployment that the path names beside a model that the body names (Azure OpenAI).</summary>
    public string? Deployment { get; set; }

    /// <summary>The answer is to be streamed.</summary>
    public bool Stream { get; set; }

    /// <summary>The usage chunk of the stream was not asked for by the client.</summary>
    public bool HideUsage { get; set; }

    /// <summary>The provider goes on by itself after it has answered.</summary>
    public bool Background { get; set; }

    /// <summary>The number of choices.</summary>
    public long Choices { get; set; } = 1;

    /// <summary>The answer has no output tokens.</summary>
    public bool NoOutput { get; set; }

    /// <summary>The number of messages, or of what stands for them.</summary>
    public int Messages { get; set; }

    /// <summary>How many times the provider adds instructions of its own for tools.</summary>
    public int ToolPrompts { get; set; }

    /// <summary>The number of inputs that the model reads apart, each up to a context window of its own.</summary>
    public long Inputs { get; set; } = 1;

    /// <summary>Some of the input is not in the body: it is stored at the provider.</summary>
    public bool StoredInput { get; set; }

    /// <summary>Some of the input is not text.</summary>
    public bool MediaInput { get; set; }

    /// <summary>The request rules out that some of the output is images or audio.</summary>
    public bool TextOnly { get; set; }

    /// <summary>Fields may be spelt in camelCase or in snake_case.</summary>
    public bool EitherSpelling { get; init; }

    /// <summary>What is known about the provider's way to speak the format.</summary>
    public WireFacts Facts { get; init; } = WireFacts.Unknown;

    /// <summary>Where the model is asked to run.</summary>
    public string? Geography { get; set; }

    /// <summary>The service tier that was asked for.</summary>
    public string? ServiceTier { get; set; }

    /// <summary>The most searches and fetches that the provider may run.</summary>
    public long WebSearches { get; set; }

    /// <summary>What is written to the cache may be written for an hour.</summary>
    public bool LongCache { get; set; }

    /// <summary>The least output limit that makes sense, tokens: one more than a thinking budget.</summary>
    public long LeastOutput { get; set; } = 1;

    /// <summary>An answer of the provider that this call goes on from.</summary>
    public string? PreviousId { get; set; }

    /// <summary>The limits in the body.</summary>
    public List<LimitSpot> Limits { get; } = [];

    /// <summary>The limits that stand under a name that does not bound the output at this provider.</summary>
    public List<LimitSpot> VainLimits { get; } = [];

    /// <summary>Where the fields of the body begin.</summary>
    public int FieldsAt { get; set; }

    /// <summary>Where a limit is put in that the body does not have.</summary>
    public int InsertAt { get; set; }

    /// <summary>What is put in there, "{0}" being the limit.</summary>
    public string Insert { get; set; } = "";

    /// <summary>Changes that do not depend on the limit.</summary>
    public List<Splice> Extra { get; } = [];

    /// <summary>The limit in force for each choice: the largest where several are given, since a provider may honour any.</summary>
    public long? OutputLimit => Limits.Max(l => l.Value);

    /// <summary>The limit that the client wants, whether or not it is in force where it stands; null where it names none.</summary>
    public long? WantedLimit => OutputLimit ?? VainLimits.Max(l => l.Value);

    /// <summary>Lets the body name another model, and nothing else of it change.</summary>
    /// <param name="model">The model.</param>
    /// <param name="asWritten">The text that is to stand in the body for it.</param>
    /// <param name="insert">Where the body names none, it gets a field that does.</param>
    /// <returns>The bytes that are put in.</returns>
    public int Rename(string model, string asWritten, bool insert = false)
    {
        (Model, Deployment) = (model, null);
        if (ModelAt.Length == 0 && !insert)
            return 0;
        var text = $"\"{System.Text.Json.JsonEncodedText.Encode(asWritten)}\"";
        var splice = ModelAt.Length > 0 ? Splice.Of(ModelAt.Offset, ModelAt.Length, text) : Splice.Of(FieldsAt, 0, $"\"model\":{text},");
        Extra.Add(splice);
        return splice.Insert.Length;
    }

    /// <summary>What bounds the call.</summary>
    /// <param name="bodyLength">Of the body, bytes: a token is at least one byte of UTF-8.</param>
    /// <param name="outputLimit">Of each choice, tokens.</param>
    /// <param name="hostFactor">Times what tokens cost at the host; null where that is not known.</param>
    public CallBound Bound(int bodyLength, long outputLimit, decimal? hostFactor = 1m)
    {
        long? input = StoredInput
            ? null
            : bodyLength + ((long)TokensPerMessage * Messages) + TokensPerRequest + ((long)TokensPerToolPrompt * ToolPrompts);
        return new CallBound(input, NoOutput ? 0 : outputLimit * Choices)
        {
            MediaInput = MediaInput,
            TextOnly = TextOnly,
            Answers = NoOutput ? 0 : Choices,
            Inputs = Inputs,
            Geography = Geography,
            HostFactor = hostFactor,
            ServiceTier = ServiceTier,
            WebSearches = WebSearches,
        };
    }

    /// <summary>What to change in the body, in ascending order of offset. Everything else stays byte for byte.</summary>
    /// <param name="outputLimit">The limit that is to hold, tokens.</param>
    public List<Splice> Splices(long outputLimit)
    {
        var list = new List<Splice>(Extra);
        if (!NoOutput)
        {
            var number = outputLimit.ToString(CultureInfo.InvariantCulture);
            if (OutputLimit is not null)
                list.AddRange(Limits.Where(l => l.Value > outputLimit).Select(l => Splice.Of(l.Offset, l.Length, number)));
            else if (Limits.Count > 0)
                list.Add(Splice.Of(Limits[0].Offset, Limits[0].Length, number));
            else
                list.Insert(0, Splice.Of(InsertAt, 0, Insert.Replace("{0}", number, StringComparison.Ordinal)));
        }
        if (!NoOutput)
        {
            var most = outputLimit.ToString(CultureInfo.InvariantCulture);
            list.AddRange(VainLimits.Where(l => l.Value > outputLimit).Select(l => Splice.Of(l.Offset, l.Length, most)));
        }
        // A stable sort: two insertions at one offset keep their order.
        return list.Count < 2 ? list : [.. list.OrderBy(s => s.Offset)];
    }
}
