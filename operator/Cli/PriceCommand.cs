using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentReadiness.Pricing;
using AgentReadiness.Pricing.Import;

namespace AgentReadiness.Cli;

/// <summary>
/// "price" tells what a provider's answer cost, with the code and the catalog of the guardrail. "price import" makes a catalog.
/// </summary>
internal static class PriceCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "price";

    private const int Good = 0;
    private const int Bad = 1;

    /// <summary>Builds the command.</summary>
    /// <param name="input">What "-" reads.</param>
    /// <param name="time">Says which of a model's dated prices hold where "--at" does not.</param>
    public static Command Create(TextReader input, TimeProvider time)
    {
        var file = new Option<string>("--filename", "-f")
        {
            Description = "The answer, JSON: a whole one or the data of a stream's last event with usage; \"-\" is standard input.",
            DefaultValueFactory = _ => "-",
        };
        var lines = new Option<bool>("--jsonl")
        {
            Description = "The input is lines of {\"provider\",\"api\",\"model\"?,\"body\"}; each gives a line.",
        };
        var provider = new Option<string?>("--provider")
        {
            Description =
                "The provider, as the catalog names it (openai, anthropic, google, azure, aws, openrouter, …) or as people do. Without it, "
                + "the first provider that has the model.",
        };
        var api = new Option<string>("--api")
        {
            Description = $"The wire format: {string.Join(", ", UsageApis.All)}.",
            DefaultValueFactory = _ => "chat",
        };
        var model = new Option<string?>("--model")
        {
            Description = "The model, where the answer does not name it or names it less exactly.",
        };
        var catalog = new Option<string?>("--catalog") { Description = "A catalog to lay over the one in this program." };
        var at = new Option<string?>("--at") { Description = "The date whose prices are taken, YYYY-MM-DD. Without it, today." };
        var command = new Command(
            Name,
            """
            Prints what a provider's answer cost, one JSON object a line:
            {"model","input_tokens","cache_read_tokens","cache_write_tokens","output_tokens",
            "input_cost","output_cost","total_cost","rule"}, costs as decimal strings in USD; or {"error"}. The total includes fees for a
            request and for searches. Nothing is rounded.

            Exit codes: 0 the answer has a price, or with --jsonl every line got its line; 1 it has none, or the input cannot be read.
            """
        )
        {
            file,
            lines,
            provider,
            api,
            model,
            catalog,
            at,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var output = parsed.InvocationConfiguration.Output;
                try
                {
                    var prices = PriceCatalog.Load();
                    if (parsed.GetValue(catalog) is { } over)
                        prices = prices.Merge(PriceCatalog.Parse(await File.ReadAllTextAsync(over, cancellationToken)));
                    var pricer = new AnswerPricer(prices, Date(parsed.GetValue(at)) ?? time.GetUtcNow());
                    var path = parsed.GetRequiredValue(file);
                    using var reader = path == "-" ? input : new StreamReader(path);
                    if (!parsed.GetValue(lines))
                    {
                        var body = await reader.ReadToEndAsync(cancellationToken);
                        return await WriteAsync(
                            output,
                            pricer.Price(
                                parsed.GetValue(provider),
                                parsed.GetRequiredValue(api),
                                parsed.GetValue(model),
                                Encoding.UTF8.GetBytes(body)
                            )
                        );
                    }
                    while (await reader.ReadLineAsync(cancellationToken) is { } line)
                    {
                        if (!string.IsNullOrWhiteSpace(line))
                            await WriteAsync(output, Line(pricer, line));
                    }
                    return Good;
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
                {
                    await parsed.InvocationConfiguration.Error.WriteLineAsync($"error: {exception.Message}");
                    return Bad;
                }
            }
        );
        command.Subcommands.Add(Import());
        return command;
    }

    private static Command Import()
    {
        var from = new Option<string>("--from")
        {
            Description =
                "Whose file it is: genai-prices (prices/new_data/v2/data.json) or litellm (model_prices_and_context_window.json).",
            Required = true,
        };
        from.AcceptOnlyFromAmong("genai-prices", "litellm");
        var file = new Argument<FileInfo>("FILE") { Description = "The file." };
        var command = new Command(
            "import",
            """
            Makes a price catalog from another project's data and prints it. What is left out, and why, goes to standard error: such models
            are refused.

            Exit codes: 0 the catalog is printed; 1 the file cannot be read or holds a price that looks like a slip of unit.
            """
        )
        {
            from,
            file,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var error = parsed.InvocationConfiguration.Error;
                try
                {
                    var text = await File.ReadAllTextAsync(parsed.GetRequiredValue(file).FullName, cancellationToken);
                    var import =
                        parsed.GetRequiredValue(from) == "litellm" ? LiteLlmImporter.Import(text) : GenaiPricesImporter.Import(text);
                    await parsed.InvocationConfiguration.Output.WriteAsync(import.CatalogJson);
                    foreach (var skipped in import.Skipped)
                        await error.WriteLineAsync($"left out: {skipped}");
                    return Good;
                }
                catch (Exception exception)
                    when (exception
                            is IOException
                                or UnauthorizedAccessException
                                or FormatException
                                or JsonException
                                or KeyNotFoundException
                                or InvalidOperationException
                    )
                {
                    await error.WriteLineAsync($"error: {exception.Message}");
                    return Bad;
                }
            }
        );
        return command;
    }

    private static DateTimeOffset? Date(string? text) =>
        text is null ? null
        : DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? date
        : throw new FormatException($"--at: \"{text}\" is not a date: write YYYY-MM-DD");

    private static AnswerPrice Line(AnswerPricer pricer, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 256 });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return AnswerPrice.Failed("a line must be a JSON object");
            string? Text(string name) =>
                root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            if (Text("api") is not { } api)
                return AnswerPrice.Failed("\"api\" is missing");
            return
                root.TryGetProperty("body", out var body)
                && body.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.String
                ? pricer.Price(
                    Text("provider"),
                    api,
                    Text("model"),
                    Encoding.UTF8.GetBytes(body.ValueKind == JsonValueKind.String ? body.GetString()! : body.GetRawText())
                )
                : AnswerPrice.Failed("\"body\" is missing: it is the answer, a JSON object");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return AnswerPrice.Failed("the line is not JSON in UTF-8");
        }
    }

    private static async Task<int> WriteAsync(TextWriter output, AnswerPrice price)
    {
        await output.WriteLineAsync(price.ToJson());
        return price.Error is null ? Good : Bad;
    }
}
