using System.Text.Json;
using AgentReadiness.Pricing;
using static AgentReadiness.Guardrail.Formats.BodyShape;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Whether the body of a model call means the same to every provider of its format: all that the model reads stands in it, and needs no
/// file, tool or cipher of one provider. What may stand in it is a closed list. The fields of the call itself are not looked at here: they
/// are read, as those of every call are. Pure.
/// </summary>
internal static class PortableBody
{
    private const int Longest = 64;

    private static readonly BodyShape Function = Of(("type", Any), ("function", Any), ("custom", Any), ("cache_control", Any));

    private static readonly BodyShape ChatPart = Typed(
        null,
        ("text", Of(("type", Any), ("text", Plain), ("cache_control", Any))),
        ("refusal", Of(("type", Any), ("refusal", Plain))),
        ("image_url", Of(("type", Any), ("image_url", Of(("url", Link), ("detail", Plain))), ("cache_control", Any))),
        ("input_audio", Of(("type", Any), ("input_audio", Of(("data", Plain), ("format", Plain)))))
    );
    private static readonly BodyShape ChatCall = Of(("id", Plain), ("type", Plain), ("index", Plain), ("function", Any), ("custom", Any));
    private static readonly BodyShape Chat = With(
        (
            "messages",
            List(
                Of(
                    ("role", Plain),
                    ("name", Plain),
                    ("content", ListOr(ChatPart, Plain)),
                    ("refusal", Plain),
                    ("tool_calls", List(ChatCall)),
                    ("tool_call_id", Plain),
                    ("function_call", Any),
                    ("cache_control", Any)
                )
            )
        ),
        ("tools", List(Typed(null, ("function", Function), ("custom", Function))))
    );

    private static readonly BodyShape ResponsesPart = Typed(
        null,
        ("input_text", Of(("type", Any), ("text", Plain))),
        ("output_text", Of(("type", Any), ("text", Plain), ("annotations", List(Plain)), ("logprobs", Any))),
        ("refusal", Of(("type", Any), ("refusal", Plain))),
        ("input_image", Of(("type", Any), ("image_url", Link), ("detail", Plain)))
    );
    private static readonly BodyShape Message = Of(
        ("type", Any),
        ("id", Plain),
        ("role", Plain),
        ("status", Plain),
        ("content", ListOr(ResponsesPart, Plain))
    );
    private static readonly BodyShape Item = Typed(
        Message,
        ("message", Message),
        ("function_call", Of(("type", Any), ("id", Plain), ("call_id", Plain), ("name", Plain), ("arguments", Plain), ("status", Plain))),
        ("function_call_output", Output()),
        ("custom_tool_call", Of(("type", Any), ("id", Plain), ("call_id", Plain), ("name", Plain), ("input", Plain), ("status", Plain))),
        ("custom_tool_call_output", Output())
    );
    private static readonly BodyShape Responses = With(
        ("input", ListOr(Item, Plain)),
        ("instructions", ListOr(Item, Plain)),
        ("tools", List(Typed(null, ("function", Any), ("custom", Any))))
    );

    private static readonly BodyShape Text = Of(("type", Any), ("text", Plain), ("cache_control", Any));
    private static readonly BodyShape Image = Of(("type", Any), ("source", Source()), ("cache_control", Any));
    private static readonly BodyShape Document = Of(
        ("type", Any),
        ("source", Source()),
        ("title", Plain),
        ("context", Plain),
        ("citations", Any),
        ("cache_control", Any)
    );
    private static readonly BodyShape Found = ListOr(Typed(null, ("text", Text), ("image", Image), ("document", Document)), Plain);
    private static readonly BodyShape Block = Typed(
        null,
        ("text", Text),
        ("image", Image),
        ("document", Document),
        ("tool_use", Of(("type", Any), ("id", Plain), ("name", Plain), ("input", Any), ("cache_control", Any))),
        ("tool_result", Of(("type", Any), ("tool_use_id", Plain), ("content", Found), ("is_error", Plain), ("cache_control", Any)))
    );
    private static readonly BodyShape Messages = With(
        ("system", ListOr(Typed(null, ("text", Text)), Plain)),
        ("messages", List(Of(("role", Plain), ("content", ListOr(Block, Plain))))),
        ("tools", List(Typed(Any, ("custom", Any))))
    );

    private static readonly BodyShape Blob = Of(("mimeType", Plain), ("mime_type", Plain), ("data", Plain));
    private static readonly BodyShape GeminiCall = Of(("id", Plain), ("name", Plain), ("args", Any));
    private static readonly BodyShape GeminiAnswer = Of(("id", Plain), ("name", Plain), ("response", Any));
    private static readonly BodyShape GeminiPart = Of(
        ("text", Plain),
        ("inlineData", Blob),
        ("inline_data", Blob),
        ("functionCall", GeminiCall),
        ("function_call", GeminiCall),
        ("functionResponse", GeminiAnswer),
        ("function_response", GeminiAnswer)
    );
    private static readonly BodyShape Content = Of(("role", Plain), ("parts", ListOr(GeminiPart, GeminiPart)));
    private static readonly BodyShape Declared = Of(("functionDeclarations", Any), ("function_declarations", Any));
    private static readonly BodyShape Gemini = With(
        ("contents", ListOr(Content, Content)),
        ("systemInstruction", Content),
        ("system_instruction", Content),
        ("tools", List(Declared))
    );

    /// <summary>What stands in a body that another provider could not read as this one does; null: nothing.</summary>
    /// <param name="api">The format of its answers.</param>
    /// <param name="body">A body that was read before.</param>
    public static string? Obstacle(UsageApi api, ReadOnlySpan<byte> body)
    {
        BodyShape? shape = api switch
        {
            UsageApi.Chat => Chat,
            UsageApi.Responses => Responses,
            UsageApi.Messages => Messages,
            UsageApi.Gemini => Gemini,
            _ => null,
        };
        if (shape is null)
            return "its endpoint";
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = BodyReader.MaxDepth });
        reader.Read();
        return shape.Find(ref reader, "body") is { } found ? found[..Math.Min(found.Length, Longest)] : null;
    }

    private static BodyShape Output() =>
        Of(("type", Any), ("id", Plain), ("call_id", Plain), ("output", ListOr(ResponsesPart, Plain)), ("status", Plain));

    private static BodyShape Source() =>
        Typed(
            null,
            ("base64", Of(("type", Any), ("media_type", Plain), ("data", Plain))),
            ("text", Of(("type", Any), ("media_type", Plain), ("data", Plain))),
            ("url", Of(("type", Any), ("url", Link)))
        );
}
