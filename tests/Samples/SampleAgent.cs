using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace AgentReadiness.Samples;

/// <summary>What the sample agent needs to know.</summary>
/// <param name="ApiKey">OPENAI_API_KEY; behind a guardrail a placeholder.</param>
/// <param name="BaseUrl">OPENAI_BASE_URL; the .NET client does not read it by itself.</param>
/// <param name="Model">MODEL.</param>
/// <param name="PromptFile">PROMPT_FILE: the system prompt, read anew for each run.</param>
public sealed record SampleAgentOptions(string ApiKey, Uri BaseUrl, string Model, string? PromptFile)
{
    /// <summary>Reads the environment.</summary>
    public static SampleAgentOptions FromEnvironment() =>
        new(
            Environment.GetEnvironmentVariable("OPENAI_API_KEY") ?? "none",
            new Uri(Environment.GetEnvironmentVariable("OPENAI_BASE_URL") ?? "http://127.0.0.1:15080/openai/v1"),
            Environment.GetEnvironmentVariable("MODEL") ?? "gpt-5.4-mini",
            Environment.GetEnvironmentVariable("PROMPT_FILE")
        );
}

/// <summary>
/// A small support agent on the official OpenAI client: it answers questions about orders with a tool. Its loop has no bound, on purpose:
/// bounding it is the guardrail's work.
/// </summary>
public static class SampleAgent
{
    private const string RunIdHeader = "X-Agent-Run-Id";

    private static readonly AsyncLocal<string?> CurrentRun = new();

    private static readonly ChatTool LookupOrder = ChatTool.CreateFunctionTool(
        "lookup_order",
        "Looks up an order by its number.",
        BinaryData.FromString(
            """{"type":"object","properties":{"order_id":{"type":"string","description":"The order's number, for example """
                + """#1007"}},"required":["order_id"],"additionalProperties":true}"""
        )
    );

    private static readonly string[] States = ["processing", "shipped", "delivered", "returned", "cancelled"];

    /// <summary>Orders #1001 to #1060 and their states.</summary>
    public static IReadOnlyDictionary<string, string> Orders { get; } =
        Enumerable
            .Range(1001, 60)
            .ToDictionary(n => $"#{n}", n => $"order #{n} is {States[n * 7 % States.Length]}, {(n % 9) + 1} items, {n % 97}.{n % 10}0 EUR");

    /// <summary>Builds an agent that has not started.</summary>
    public static WebApplication Build(string url, SampleAgentOptions options)
    {
        var clientOptions = new OpenAIClientOptions { Endpoint = options.BaseUrl };
        clientOptions.AddPolicy(new RunIdPolicy(), PipelinePosition.PerCall);
        var chat = new OpenAIClient(new ApiKeyCredential(options.ApiKey), clientOptions).GetChatClient(options.Model);
        // Not the slim builder: it watches the content root for settings files, and in a container that is "/", /proc and all.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        var app = builder.Build();
        app.Run(async context =>
        {
            switch (context.Request.Path.Value)
            {
                case "/healthz":
                    break;
                case "/v1/chat/completions" when HttpMethods.IsPost(context.Request.Method):
                    await AnswerAsync(context, chat, options);
                    break;
                default:
                    context.Response.StatusCode = 404;
                    break;
            }
        });
        return app;
    }

    private static async Task AnswerAsync(HttpContext context, ChatClient chat, SampleAgentOptions options)
    {
        CurrentRun.Value = context.Request.Headers[RunIdHeader];
        string question;
        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
            question = Chat.Text(document.RootElement.GetProperty("messages").EnumerateArray().Last(m => Chat.Role(m) == "user"));
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            context.Response.StatusCode = 400;
            return;
        }
        try
        {
            var answer = await RunAsync(chat, options, question, context.RequestAborted);
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(Whole(options.Model, answer));
        }
        catch (ClientResultException exception)
        {
            // The caller sees what the agent saw: a spent budget is no fault of the agent's code.
            context.Response.StatusCode = exception.Status is >= 400 and <= 599 ? exception.Status : 502;
            context.Response.ContentType = "application/json";
            if (exception.GetRawResponse()?.Content is { } body)
                await context.Response.Body.WriteAsync(body.ToMemory());
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or AggregateException)
        {
            context.Response.StatusCode = 502;
            await context.Response.WriteAsync(exception.GetType().Name);
        }
    }

    private static async Task<string> RunAsync(
        ChatClient chat,
        SampleAgentOptions options,
        string question,
        CancellationToken cancellationToken
    )
    {
        var prompt = options.PromptFile is null
            ? "You are a support agent."
            : await File.ReadAllTextAsync(options.PromptFile, cancellationToken);
        var messages = new List<ChatMessage> { new SystemChatMessage(prompt), new UserChatMessage(question) };
        var settings = new ChatCompletionOptions();
        settings.Tools.Add(LookupOrder);
        while (true)
        {
            var text = new StringBuilder();
            var calls = new SortedDictionary<int, (string Id, string Name, StringBuilder Arguments)>();
            var reason = ChatFinishReason.Stop;
            await foreach (var update in chat.CompleteChatStreamingAsync(messages, settings, cancellationToken))
            {
                foreach (var part in update.ContentUpdate)
                    text.Append(part.Text);
                foreach (var call in update.ToolCallUpdates)
                {
                    if (!calls.TryGetValue(call.Index, out var known))
                        calls[call.Index] = known = (call.ToolCallId, call.FunctionName, new StringBuilder());
                    known.Arguments.Append(call.FunctionArgumentsUpdate);
                }
                reason = update.FinishReason ?? reason;
            }
            if (calls.Count == 0)
                return text.ToString();
            messages.Add(
                new AssistantChatMessage(
                    calls.Values.Select(c =>
                        ChatToolCall.CreateFunctionToolCall(c.Id, c.Name, BinaryData.FromString(c.Arguments.ToString()))
                    )
                )
            );
            foreach (var (id, _, arguments) in calls.Values)
                messages.Add(new ToolChatMessage(id, Look(arguments.ToString())));
        }
    }

    private static string Look(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments);
            var order = document.RootElement.GetProperty("order_id").GetString()!;
            return Orders.GetValueOrDefault(order, $"order {order} does not exist");
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "error: the arguments are not valid";
        }
    }

    private static byte[] Whole(string model, string text)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", "chatcmpl-" + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture));
            writer.WriteString("object", "chat.completion");
            writer.WriteNumber("created", TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
            writer.WriteString("model", model);
            writer.WriteStartArray("choices");
            writer.WriteStartObject();
            writer.WriteNumber("index", 0);
            writer.WriteStartObject("message");
            writer.WriteString("role", "assistant");
            writer.WriteString("content", text);
            writer.WriteEndObject();
            writer.WriteString("finish_reason", "stop");
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <summary>Passes the run's ID on to the model calls.</summary>
    private sealed class RunIdPolicy : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Add(message);
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Add(message);
            return ProcessNextAsync(message, pipeline, currentIndex);
        }

        private static void Add(PipelineMessage message)
        {
            if (CurrentRun.Value is { } run)
                message.Request.Headers.Set(RunIdHeader, run);
        }
    }
}
