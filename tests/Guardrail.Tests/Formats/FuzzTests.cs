using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// Bodies and answers that somebody has tampered with: no exception, no change of what passes, no price for what is broken.
/// </summary>
public sealed class FuzzTests
{
    private static readonly (string Format, string Path, string Body)[] Bodies =
    [
        (
            "OpenAI",
            "/v1/chat/completions",
            """{"model":"m","n":2,"max_tokens":5,"stream":true,"stream_options":{"include_usage":false}"""
                + ""","messages":[{"role":"user","content":[{"type":"text","text":"é\u00e9"}]}],"tools":[{"type":"function"}]}"""
        ),
        (
            "OpenAI",
            "/v1/responses",
            """{"model":"m","input":[{"type":"message","content":[{"type":"input_text","text":"x"}]}],"max_output_tokens":9"""
                + ""","tools":[{"type":"custom"}],"background":false}"""
        ),
        ("OpenAI", "/v1/embeddings", """{"model":"m","input":["a",[1,2]]}"""),
        (
            "Anthropic",
            "/v1/messages",
            """{"model":"m","max_tokens":9,"thinking":{"type":"enabled","budget_tokens":5}"""
                + ""","system":[{"type":"text","text":"s"}]"""
                + ""","messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text"}]}]}]"""
                + ""","tools":[{"type":"web_search_1","max_uses":2}]}"""
        ),
        (
            "Gemini",
            "/v1beta/models/m:generateContent",
            """{"contents":[{"parts":[{"text":"x"},{"functionResponse":{"response":{}}}]}]"""
                + ""","generationConfig":{"maxOutputTokens":9,"candidateCount":2,"thinkingConfig":{"thinkingBudget":-1}}"""
                + ""","tools":[{"functionDeclarations":[]}]}"""
        ),
    ];

    private static readonly (UsageApi Api, string Stream)[] Streams =
    [
        (
            UsageApi.Chat,
            "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\ndata: "
                + "{\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n"
        ),
        (
            UsageApi.Responses,
            "event: response.completed\r\ndata: "
                + "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\","
                + "\"usage\":{\"input_tokens\":7,\"output_tokens\":3}}}\r\n\r\n"
        ),
        (
            UsageApi.Messages,
            "event:message_start\ndata:{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n"
                + "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n"
        ),
        (
            UsageApi.Gemini,
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}],"
                + "\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":3,"
                + "\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":7}]}}\r\n\r\n"
        ),
    ];

    // Bytes that mean something to JSON and to event streams come up more often than others.
    private static readonly Gen<byte> Byte = Gen.OneOf(Gen.Byte, Gen.Char["{}[]\",:\\ \n\r0123456789eE-.ntfu"].Select(c => (byte)c));

    [Fact]
    public void A_body_is_read_or_refused_and_what_is_read_is_bounded()
    {
        Gen.Select(Gen.Int[0, Bodies.Length - 1], Edits(), Gen.Int[0, 400])
            .Sample(
                (which, edits, cut) =>
                {
                    var (name, path, text) = Bodies[which];
                    var body = Apply(Encoding.UTF8.GetBytes(text), edits, cut);
                    var format = WireFormat.Of(name)!;
                    var request = format.Read(format.Match("POST", path), body, WireFacts.Unknown, out var error);
                    (request is null).ShouldBe(error is not null);
                    if (request is null)
                        return;
                    // Accepted: it is JSON, each limit is a positive number, and what goes out is JSON with a limit.
                    request.Limits.ShouldAllBe(limit => limit.Value == null || limit.Value > 0);
                    using var content = new SplicedContent(body, request.Splices(3), "application/json");
                    using var sent = JsonDocument.Parse(
                        content.Pieces().SelectMany(p => p.ToArray()).ToArray(),
                        new JsonDocumentOptions { MaxDepth = 300 }
                    );
                    if (!request.NoOutput && request.OutputLimit is null)
                        sent.RootElement.GetRawText().ShouldContain("3");
                },
                iter: 20_000
            );
    }

    [Fact]
    public void A_stream_passes_as_it_is_and_only_sound_usage_counts()
    {
        Gen.Select(Gen.Int[0, Streams.Length - 1], Edits(), Gen.Int[0, 600], Gen.Int[1, 40])
            .Sample(
                (which, edits, cut, piece) =>
                {
                    var (api, text) = Streams[which];
                    var stream = Apply(Encoding.UTF8.GetBytes(text), edits, cut);
                    var facts = new ResponseFacts(api);
                    var filter = new SseUsageFilter(facts, hideUsage: false, BodyMemory.Unbounded);
                    var passed = new List<byte>();
                    for (var at = 0; at < stream.Length; at += piece)
                    {
                        filter.Append(stream.AsSpan(at, Math.Min(piece, stream.Length - at)));
                        while (filter.TryTake(out var bytes, out _))
                            passed.AddRange(bytes.Span);
                    }
                    if (filter.TryTakeRest(out var rest, out _))
                        passed.AddRange(rest.Span);
                    facts.End();
                    passed.SequenceEqual(stream).ShouldBeTrue();
                    if (facts.IsFinal)
                        (facts.Usage!.Value.IsConsistent && facts.Usage.Value.Input >= 0 && facts.Usage.Value.Output >= 0).ShouldBeTrue();
                    var whole = new ResponseFacts(api);
                    AnswerReader.Read(stream, null, whole);
                },
                iter: 20_000
            );
    }

    [Fact]
    public void A_message_of_a_tool_is_read_or_refused()
    {
        var text =
            """{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"send_email","arguments":{"to":["x"]}}}"""u8.ToArray();
        Gen.Select(Edits(), Gen.Int[0, 200])
            .Sample(
                (edits, cut) =>
                {
                    var message = ToolMessage.Read(Apply(text, edits, cut), out var error);
                    (message is null).ShouldBe(error is not null);
                },
                iter: 20_000
            );
    }

    private static Gen<(int At, byte Value, int Kind)[]> Edits() => Gen.Select(Gen.Int[0, 400], Byte, Gen.Int[0, 2]).Array[0, 4];

    private static byte[] Apply(byte[] bytes, (int At, byte Value, int Kind)[] edits, int cut)
    {
        var list = bytes.ToList();
        foreach (var (at, value, kind) in edits)
        {
            if (list.Count == 0)
                break;
            var index = at % list.Count;
            if (kind == 0)
                list[index] = value;
            else if (kind == 1)
                list.Insert(index, value);
            else
                list.RemoveAt(index);
        }
        // Most are whole: a cut body is seldom anything but refused.
        return cut < list.Count / 8 ? [.. list.Take(cut * 8)] : [.. list];
    }
}
