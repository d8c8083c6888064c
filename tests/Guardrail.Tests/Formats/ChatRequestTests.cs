using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

public sealed class ChatRequestTests
{
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

    [Theory]
    [InlineData("{\"model\":\"m\"," + Messages + "}", "{\"max_tokens\":100,\"model\":\"m\"," + Messages + "}")]
    [InlineData(
        "{ \"model\" : \"m\", \"max_tokens\" : null, " + Messages + "}",
        "{ \"model\" : \"m\", \"max_tokens\" : 100, " + Messages + "}"
    )]
    [InlineData("{\"model\":\"m\",\"max_tokens\":5," + Messages + "}", "{\"model\":\"m\",\"max_tokens\":5," + Messages + "}")]
    [InlineData(
        "{\"model\":\"m\",\"max_tokens\":5,\"stream\":true," + Messages + "}",
        "{\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"max_tokens\":5,\"stream\":true," + Messages + "}"
    )]
    [InlineData(
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{ },\"model\":\"m\"," + Messages + "}",
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{\"include_usage\":true },\"model\":\"m\"," + Messages + "}"
    )]
    [InlineData(
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{\"x\":[1]},\"model\":\"m\"," + Messages + "}",
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{\"include_usage\":true,\"x\":[1]},\"model\":\"m\"," + Messages + "}"
    )]
    [InlineData(
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{\"include_usage\":false},\"model\":\"m\"," + Messages + "}",
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"m\"," + Messages + "}"
    )]
    [InlineData(
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":null,\"model\":\"m\"," + Messages + "}",
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"m\"," + Messages + "}"
    )]
    [InlineData(
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"m\"," + Messages + "}",
        "{\"max_tokens\":5,\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"m\"," + Messages + "}"
    )]
    public void The_body_is_spliced_and_otherwise_kept_byte_for_byte(string body, string expected) => Spliced(body, 100).ShouldBe(expected);

    [Theory]
    [InlineData("\"n\":0", "unbounded_cost")]
    [InlineData("\"n\":129", "unbounded_cost")]
    [InlineData("\"n\":1e1", "unbounded_cost")]
    [InlineData("\"max_tokens\":-1", "unbounded_cost")]
    [InlineData("\"max_tokens\":0", "unbounded_cost")]
    [InlineData("\"max_completion_tokens\":1.5", "unbounded_cost")]
    [InlineData("\"max_completion_tokens\":\"9\"", "unbounded_cost")]
    [InlineData("\"prediction\":{\"type\":\"content\"}", "unbounded_cost")]
    [InlineData("\"web_search_options\":{}", "unbounded_cost")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"}]", "unbounded_cost")]
    [InlineData("\"model\":\"other\"", "duplicate_parameter")]
    [InlineData("\"mod\\u0065l\":\"other\"", "duplicate_parameter")]
    [InlineData("\"Model\":\"other\"", "ambiguous_parameter")]
    [InlineData("\"N\":128", "ambiguous_parameter")]
    [InlineData("\"max_tokens\":1,\"max_tokens\":100000", "duplicate_parameter")]
    [InlineData("\"stream_options\":{\"include_usage\":true,\"include_usage\":false}", "duplicate_parameter")]
    [InlineData("\"stream\":\"yes\"", "invalid_type")]
    [InlineData("\"x\":", "invalid_json")]
    public void What_cannot_be_bounded_is_refused(string extra, string code) =>
        Refusal("{\"model\":\"m\"," + Messages + "," + extra + "}").ShouldBe(code);

    [Theory]
    [InlineData(
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}]",
        true,
        false
    )]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}]", true, false)]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}]}]", true, false)]
    [InlineData("[{\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}]", false, false)]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"a\"}]}]", true, false)]
    [InlineData("[{\"role\":\"assistant\",\"audio\":{\"id\":\"a\"}}]", false, true)]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"{\\\"type\\\":\\\"image_url\\\"}\"}]}]", false, false)]
    [InlineData("[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"type\":\"function\"}]}]", false, false)]
    public void What_is_not_text_in_the_body_counts_as_a_full_window(string messages, bool media, bool stored)
    {
        var request = ChatRequestReader.Read(
            Encoding.UTF8.GetBytes("{\"model\":\"m\",\"messages\":" + messages + "}"),
            null,
            WireFacts.Unknown,
            out var error
        );
        error.ShouldBeNull();
        (request!.MediaInput, request.StoredInput).ShouldBe((media, stored));
    }

    [Theory]
    [InlineData("[]", "missing_parameter")]
    [InlineData("\"x\"", "invalid_type")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]}]", "missing_parameter")]
    public void Messages_of_another_shape_are_refused(string messages, string? code) =>
        Refusal("{\"model\":\"m\",\"messages\":" + messages + "}").ShouldBe(code);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"model\":\"m\"," + Messages + "} {}")]
    [InlineData("{\"model\":\"m\"," + Messages)]
    public void A_body_that_is_no_single_object_is_refused(string body) => Refusal(body).ShouldBe("invalid_json");

    [Fact]
    public void The_larger_of_two_limits_counts()
    {
        var request = ChatRequestReader.Read(
            Encoding.UTF8.GetBytes("{\"model\":\"m\",\"max_tokens\":7,\"max_completion_tokens\":3,\"n\":4," + Messages + "}"),
            null,
            WireFacts.Unknown,
            out _
        )!;
        request.OutputLimit.ShouldBe(7);
        request.Choices.ShouldBe(4);
    }

    /// <summary>Whatever else a body holds, and wherever: after splicing it is the same JSON plus the two additions.</summary>
    [Fact]
    public void A_spliced_body_is_the_same_json_plus_the_additions()
    {
        var value = Gen.OneOf(
            Gen.String[0, 12].Select(s => JsonValue.Create(s).ToJsonString()),
            Gen.Int.Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            Gen.Const("{\"max_tokens\":1,\"stream_options\":{\"include_usage\":false},\"a\":[{}, [], null]}"),
            Gen.Const(" [ true , false ] ")
        );
        string[] free = ["metadata", "user", "stop", "seed", "logit_bias", "response_format", "tool_choice", "temperature"];
        var key = Gen.Int[0, free.Length - 1].Select(i => free[i]);
        string?[] optionTexts =
        [
            null,
            "null",
            "{}",
            "{ }",
            "{\"include_usage\":false}",
            "{\"include_usage\":true}",
            "{\"include_usage\":null}",
            "{\"y\":1 ,\"include_usage\" : false}",
        ];
        string?[] limitTexts = [null, "\"max_tokens\":9", "\"max_tokens\": null", "\"max_completion_tokens\":12"];
        var options = Gen.Int[0, optionTexts.Length - 1].Select(i => optionTexts[i]);
        var limit = Gen.Int[0, limitTexts.Length - 1].Select(i => limitTexts[i]);
        Gen.Select(Gen.Select(key, value).Array[0, 6], options, limit, Gen.Bool, Gen.Int[0, 1000])
            .Sample(
                (extras, stream, cap, streamed, seed) =>
                {
                    var parts = extras.DistinctBy(e => e.Item1).Select(e => $"\"{e.Item1}\" : {e.Item2}").ToList();
                    parts.Add("\"model\":\"m\"");
                    parts.Add(Messages);
                    if (stream is not null)
                        parts.Add("\"stream_options\":" + stream);
                    if (cap is not null)
                        parts.Add(cap);
                    if (streamed)
                        parts.Add("\"stream\": true");
                    new Random(seed).Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(parts));
                    var body = "{" + string.Join(" ,\n", parts) + "}";
                    var expected = JsonNode.Parse(body)!.AsObject();
                    if (cap is null || cap.EndsWith("null", StringComparison.Ordinal))
                        expected["max_tokens"] = 100;
                    if (streamed)
                    {
                        if (expected["stream_options"] is not JsonObject)
                            expected["stream_options"] = new JsonObject();
                        expected["stream_options"]!["include_usage"] = true;
                    }
                    JsonNode.DeepEquals(JsonNode.Parse(Spliced(body, 100)), expected).ShouldBeTrue(body);
                }
            );
    }

    private static string? Refusal(string body)
    {
        ChatRequestReader.Read(Encoding.UTF8.GetBytes(body), null, WireFacts.Unknown, out var error);
        return error?.Code;
    }

    private static string Spliced(string body, long limit)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var request = ChatRequestReader.Read(bytes, null, WireFacts.Unknown, out var error);
        error.ShouldBeNull();
        using var content = new SplicedContent(bytes, request!.Splices(limit), "application/json");
        var sent = content.Pieces().SelectMany(p => p.ToArray()).ToArray();
        content.Headers.ContentLength.ShouldBe(sent.Length);
        return Encoding.UTF8.GetString(sent);
    }
}
