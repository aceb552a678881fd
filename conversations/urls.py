"""The addresses around the chat that a browser opens."""

from django.urls import path

from conversations import views

urlpatterns = [
    path("", views.home, name="home"),
    path("widget.js", views.script, name="widget"),
    path("widget/<slug:code>/<str:name>", views.script, name="widget_module"),
    path("widget/<slug:slug>.json", views.widget_settings, name="widget_settings"),
    path("c/<slug:slug>", views.hosted, name="hosted"),
    path("demo/", views.demo, name="demo"),
    path("demo/<slug:slug>/", views.demo, name="demo_of"),
]
