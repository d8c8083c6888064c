using System.Text;
using System.Text.Json;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Finds the calls of tools in a model's answer, whole or event by event; arguments that come in pieces are put together. Nothing of the
/// answer is kept beside these, and of them a bounded size.
/// </summary>
/// <param name="found">Is given each call, once, when it is whole.</param>
internal abstract class EmittedCalls(Action<EmittedCall> found)
{
    /// <summary>The most that is put together for one answer, bytes.</summary>
    public const int MostBytes = 1024 * 1024;

    private const int MaxDepth = 512;
    private const int MostCalls = 256;
    private const int LongestName = 512;

    private readonly List<Pieces> open = [];
    private int bytes;

    /// <summary>Those of a format; null where its answers call no tools.</summary>
    public static EmittedCalls? Of(UsageApi api, Action<EmittedCall> found) =>
        api switch
        {
            UsageApi.Chat => new ChatCalls(found),
            UsageApi.Responses => new ResponsesCalls(found),
            UsageApi.Messages => new MessagesCalls(found),
            UsageApi.Gemini => new GeminiCalls(found),
            _ => null,
        };

    /// <summary>Reads one event of a stream.</summary>
    public void Event(ReadOnlySpan<byte> data) => Read(data, isWhole: false);

    /// <summary>Reads a whole answer, or a list of its events, which is how Gemini streams without <c>alt=sse</c>.</summary>
    public void Whole(ReadOnlySpan<byte> answer) => Read(answer, isWhole: true);

    /// <summary>The answer has ended: what is open is as whole as it will be.</summary>
    public virtual void End()
    {
        foreach (var one in open)
            Tell(one);
        open.Clear();
    }

    /// <summary>A part of the answer is not read: what is open is not known, and there may be calls that nobody sees.</summary>
    public void Skip(ToolVerdict why)
    {
        foreach (var one in open)
            one.Unread ??= why;
        FoundUnread("", why);
    }

    /// <summary>Reads a whole answer.</summary>
    protected abstract void OnWhole(JsonElement answer);

    /// <summary>Reads an event.</summary>
    protected abstract void OnEvent(JsonElement data);

    /// <summary>A call is there, whole.</summary>
    protected void Found(string? tool, JsonElement arguments, bool isText = false)
    {
        // Arguments are a text that holds JSON, or JSON.
        var json = arguments.ValueKind switch
        {
            JsonValueKind.String => Encoding.UTF8.GetBytes(arguments.GetString()!),
            JsonValueKind.Undefined or JsonValueKind.Null => [],
            _ => Encoding.UTF8.GetBytes(arguments.GetRawText()),
        };
        found(new EmittedCall(tool ?? "", json, isText));
    }

    /// <summary>A call whose arguments are not read.</summary>
    protected void FoundUnread(string? tool, ToolVerdict why) => found(new EmittedCall(tool ?? "", default, Unread: why));

    /// <summary>A call that comes in pieces.</summary>
    /// <param name="key">What tells it from others of the answer.</param>
    protected Pieces Open(string key)
    {
        if (Find(key) is { } known)
            return known;
        var next = new Pieces(key);
        // Who asks for more at once is not read on.
        if (open.Count < MostCalls)
            open.Add(next);
        else
            FoundUnread("", ToolVerdict.TooLong);
        return next;
    }

    /// <summary>An open call; null where there is none.</summary>
    protected Pieces? Find(string key) => open.Find(one => one.Key == key);

    /// <summary>The call that was opened last; null where none is open.</summary>
    protected Pieces? Last => open.Count == 0 ? null : open[^1];

    /// <summary>A call that came in pieces is whole.</summary>
    protected void Close(string key)
    {
        var at = open.FindIndex(one => one.Key == key);
        if (at < 0)
            return;
        var one = open[at];
        open.RemoveAt(at);
        Tell(one);
    }

    /// <summary>Closes all calls of a choice.</summary>
    /// <param name="isOf">Takes the keys of its calls.</param>
    /// <param name="unread">Why their arguments are not known; null where they are.</param>
    protected void CloseAll(Predicate<string> isOf, ToolVerdict? unread = null)
    {
        foreach (var one in open.Where(one => isOf(one.Key)).ToList())
        {
            one.Unread ??= unread;
            Close(one.Key);
        }
    }

    /// <summary>A piece of a name has come.</summary>
    protected static void Name(Pieces pieces, string? name)
    {
        // Some servers say the whole name with each piece.
        if (name is { Length: > 0 } && pieces.Tool != name && pieces.Tool.Length < LongestName)
            pieces.Tool += name;
    }

    /// <summary>A piece of arguments has come.</summary>
    protected void Append(Pieces pieces, string? piece)
    {
        if (piece is null || pieces.Unread is not null)
            return;
        bytes += piece.Length;
        if (bytes > MostBytes)
        {
            pieces.Unread = ToolVerdict.TooLong;
            pieces.Arguments.Clear();
        }
        else
        {
            pieces.Arguments.Append(piece);
        }
    }

    /// <summary>The member of an object; undefined where there is none.</summary>
    protected static JsonElement Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var member) ? member : default;

    /// <summary>The member of an object that is a text; null where there is none.</summary>
    protected static string? Text(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>The entries of a member that is a list.</summary>
    protected static IEnumerable<JsonElement> List(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    private void Read(ReadOnlySpan<byte> data, bool isWhole)
    {
        try
        {
            var root = JsonElement.Parse(data, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (root.ValueKind == JsonValueKind.Array)
                foreach (var one in root.EnumerateArray())
                    OnEvent(one);
            else if (isWhole)
                OnWhole(root);
            else
                OnEvent(root);
        }
        catch (JsonException)
        {
            // Whatever a client makes of it, it is a piece that is missing here.
            foreach (var one in open)
                one.Unread ??= ToolVerdict.InPieces;
        }
        catch (InvalidOperationException)
        {
            Skip(ToolVerdict.NotUnicode);
        }
    }

    private void Tell(Pieces one) =>
        found(
            new EmittedCall(
                one.Tool,
                Encoding.UTF8.GetBytes(one.Arguments.ToString()),
                one.IsText,
                one.Tool.Length >= LongestName ? ToolVerdict.TooLong : one.Unread
            )
        );

    /// <summary>What has come of a call so far.</summary>
    protected sealed class Pieces(string key)
    {
        /// <summary>What tells it from others of the answer.</summary>
        public string Key => key;

        /// <summary>Its ID, where it came with its name.</summary>
        public string? Id { get; set; }

        /// <summary>The tool's name.</summary>
        public string Tool { get; set; } = "";

        /// <summary>The arguments.</summary>
        public StringBuilder Arguments { get; } = new();

        /// <summary>The arguments are a free text.</summary>
        public bool IsText { get; set; }

        /// <summary>Why the arguments are not known; null where they are.</summary>
        public ToolVerdict? Unread { get; set; }
    }
}
