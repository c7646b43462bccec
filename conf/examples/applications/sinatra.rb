# An application with Sinatra, behind form.conf. On Debian: apt install ruby-sinatra ruby-webrick; ruby sinatra.rb
# It listens on this machine only: a client that reaches it directly could claim any name.
require "json"
require "sinatra"

set :bind, "127.0.0.1"
set :port, Integer(ENV.fetch("PORT", 3000))
set :server, "webrick"
disable :sessions # httpd has them

helpers do
  # httpd has removed the header that a client sent, and has set it for a user who is signed in.
  def user
    request.env["HTTP_X_REMOTE_USER"]&.dup&.force_encoding("UTF-8")
  end
end

get "/" do
  name = Rack::Utils.escape_html(user || "visitor")
  %(<h1>Hello #{name}</h1> <a href="/sessions">Where you are signed in</a> <a href="/logout">Sign out</a>)
end

get "/me" do
  content_type :json
  JSON.generate(user: user)
end
